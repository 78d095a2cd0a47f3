# iiif-process, iiif-process-ecs and iiif-server, with a config and instructions: `make docker-process` builds it.
# iiif-server alone, as stage `server`: `make docker-server`.
#
# The stages have the same Debian, so that the programs find the C library that they were linked with.
FROM rust:1.95-bookworm AS build
# libjpeg-turbo is built by cmake, and its SIMD for x86_64 by nasm.
RUN apt-get update -q \
    && apt-get install -qy --no-install-recommends cmake nasm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release -p iiif-process -p iiif-process-ecs -p iiif-server \
      --features iiif-process/turbojpeg,iiif-server/turbojpeg \
    && install -D -t /programs target/release/iiif-process target/release/iiif-process-ecs \
      target/release/iiif-server
# OpenSeadragon, for iiif-server -example, which looks for it beside its own folder.
RUN make viewer TARGET=/fetched && rm /fetched/viewer/version-*

# The images are those that are mounted at /images, unless a flag or a variable says otherwise.
FROM gcr.io/distroless/cc-debian12:nonroot AS server
COPY --from=build /programs/iiif-server /bin/
COPY --from=build /fetched/viewer/ /viewer/
RUN ["/bin/iiif-server", "-version"]
# What listens at localhost cannot be reached from outside of the container.
ENV IIIF_SERVER_URI=http://0.0.0.0:8080
EXPOSE 8080
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
WORKDIR /images
CMD ["/bin/iiif-server"]

# Neither a shell nor a package manager. A static build on `scratch` would be some 20 MB smaller, but
# would have to bring along what is here: certificates for TLS, a user that is not root and a /tmp that
# it may write to, where large images are put. It would also need a second C toolchain, for musl.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG CONFIG=examples/config/config.json
ARG INSTRUCTIONS=examples/config/instructions.json
COPY --from=build /programs/ /bin/
COPY --from=build /fetched/viewer/ /viewer/
COPY ${CONFIG} /etc/go-iiif/config.json
COPY ${INSTRUCTIONS} /etc/go-iiif/instructions.json
# Fails the build where a program does not start here, or cannot read the config, and shows what is in effect.
RUN ["/bin/iiif-process", "-print-config", "-config", "/etc/go-iiif/config.json", \
     "-instructions", "/etc/go-iiif/instructions.json"]
RUN ["/bin/iiif-process-ecs", "-version"]
RUN ["/bin/iiif-server", "-version"]
# By number, so that Kubernetes can tell that it is not root.
USER 65532:65532
WORKDIR /tmp
# No ENTRYPOINT: the command names the program, and tasks replace the command.
CMD ["/bin/iiif-process", "-help"]
