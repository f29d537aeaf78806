# opsctl as an ordinary user, with what is locked and nothing else. From a clone of this repository:
#   docker build -t opsctl .
#   docker run --rm -it --user "$(id -u)" -v ~/.aws:/home/opsctl/.aws -v opsctl-state:/state opsctl doctor
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/opsctl && /opt/opsctl/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY playbooks playbooks
COPY opsctl opsctl
RUN /opt/opsctl/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
# AWS's files are readable by their owner alone, so the caller's own number (--user) has to do as well.
RUN useradd --uid 10001 --no-create-home opsctl && install -d -m 1777 /state /home/opsctl
COPY --from=build /opt/opsctl /opt/opsctl
ENV PATH=/opt/opsctl/bin:$PATH HOME=/home/opsctl OPSCTL_STATE_DIR=/state/opsctl
USER 10001
VOLUME /state
WORKDIR /home/opsctl
ENTRYPOINT ["opsctl"]
