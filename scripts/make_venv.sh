#!/usr/bin/env bash
# Makes .venv from requirements.lock. Run by `make`; safe to run again (does nothing when the lock has not changed).
#
# rasa 3.6.21 declares `requires-python <3.11`, but it trains and serves on 3.11 with the pins of the lock (see
# docs/dependencies.md). uv installs the other two hundred packages in seconds but cannot be told to overlook that
# line, so rasa itself goes through pip, with its hash and without its dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."

python=""
for candidate in "${PYTHON:-}" python3.11 python3.10 python3 python; do
    [ -n "$candidate" ] || continue
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    case "$version" in 3.11|3.10) python=$candidate; break ;; esac
done
if [ -z "$python" ]; then
    echo "需要 Python 3.11 或 3.10（rasa 3.6 不支持更新的版本），本机没有找到。" >&2
    echo "请先安装，例如：apt-get install python3.11 python3.11-venv；或用 PYTHON=/路径/python3.11 make run 指定。" >&2
    exit 1
fi

stamp=.venv/installed
wanted=$(cat requirements.lock requirements/uv.lock scripts/make_venv.sh | sha256sum | cut -d' ' -f1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

echo "[1/3] 建立虚拟环境 .venv（$("$python" --version)）"
rm -rf .venv
if ! "$python" -m venv .venv; then
    echo "建立虚拟环境失败：请安装 venv（例如 apt-get install python3.11-venv）。" >&2
    exit 1
fi
echo "[2/3] 下载并安装依赖（锁定版本，校验哈希；两核机器约一分钟）"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.lock
# The lock, split at rasa's own block: a block runs from its name to the next line that starts a package.
rasa_lock=$(mktemp) && rest_lock=$(mktemp) && trap 'rm -f "$rasa_lock" "$rest_lock"' EXIT
awk -v rasa="$rasa_lock" -v rest="$rest_lock" '/^[a-z0-9]/ {out = /^rasa==/ ? rasa : rest} {print > (out ? out : rest)}' requirements.lock
VIRTUAL_ENV=.venv .venv/bin/uv pip install --no-deps --require-hashes --no-config -r "$rest_lock"
echo "[3/3] 安装 rasa"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python --require-hashes -r "$rasa_lock"
# Safe defaults for whatever is run in this environment, the plain `rasa` commands too: nothing reports that it is used, and
# the action server, which believes any sender, listens on this machine alone.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cat > "$site/safe_defaults.pth" <<'PTH'
import os; os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false"); os.environ.setdefault("SANIC_HOST", "127.0.0.1")
PTH
echo "$wanted" > "$stamp"
