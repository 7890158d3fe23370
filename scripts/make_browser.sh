#!/usr/bin/env bash
# Makes sure that the browser test has Debian's chromium, a Chinese font and the signs that mark an alert.
set -euo pipefail
command -v chromium >/dev/null && fc-list 2>/dev/null | grep -qi "noto.*cjk" && fc-list | grep -qi "noto.*emoji" && exit 0
if ! command -v apt-get >/dev/null; then
    echo "浏览器测试需要 chromium 和中文字体（fonts-noto-cjk），请先安装。" >&2
    exit 1
fi
sudo=""; [ "$(id -u)" = 0 ] || sudo="sudo"
echo "安装浏览器测试所需的 chromium 和中文字体"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fonts-noto-color-emoji fontconfig >/dev/null
