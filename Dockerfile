# One image: the service, its locked packages and the trained model. Data live in the volume /data.
#
#   docker build -t grid-assistant .
#   docker run -p 8080:8080 -v grid-data:/data -e BOT_SECRET_KEY=... -e BOT_ALLOWED_HOSTS=chat.example.org grid-assistant
#
# Packages come from the registry that the builder's pip is set up for (PIP_INDEX_URL, PIP_CONFIG_FILE as build secrets).
FROM python:3.11-slim AS build
WORKDIR /app
# Layers in the order in which they change: packages, then code and content.
COPY requirements.lock ./
COPY requirements/uv.lock requirements/
COPY scripts/make_venv.sh scripts/
RUN bash scripts/make_venv.sh
COPY . .
# jieba keeps its cache in the data folder: this one stays behind in the build stage.
RUN BOT_DATA_DIR=/tmp/build .venv/bin/python -m bot train && rm -rf .rasa

FROM python:3.11-slim
RUN groupadd --gid 10001 bot \
 && useradd --uid 10001 --gid bot --no-create-home --home-dir /app --shell /usr/sbin/nologin bot \
 && install -d -o bot -g bot -m 700 /data
COPY --from=build /app /app
# The code is not the service's to change; only a model of other content (BOT_CONTENT_DIR) is written here.
COPY --from=build --chown=bot:bot /app/models /app/models
WORKDIR /app
USER bot
ENV BOT_HOST=0.0.0.0 BOT_PORT=8080 BOT_DATA_DIR=/data BOT_DEMO=0 \
    RASA_CACHE_DIRECTORY=/data/rasa-cache PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8080
# A first start makes the database and loads the model: half a minute and more before it is ready.
HEALTHCHECK --interval=30s --timeout=5s --start-period=180s --retries=3 \
    CMD ["/app/.venv/bin/python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['BOT_PORT'] + '/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["/app/.venv/bin/python", "-m", "bot", "serve"]
