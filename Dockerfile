# The image of uu-predictor: the binary, the libraries it needs, certificates and a first model; no shell, no package manager.
#
#   docker build --tag uu-predictor .
#   docker run --read-only --volume uu-store:/var/lib/uu-predictor --publish 127.0.0.1:5000:5000 --env UU_SERVER__HOSTS='["localhost"]' uu-predictor
#
# Both base images are pinned by digest, and both can be given: a mirror, a newer one, another Debian. They are all that comes from outside beside
# Debian's packages, crates and one wheel, each in the version that is named.
ARG RUST_IMAGE=rust:1.95-bookworm@sha256:6258907abe69656e41cd992e0b705cdcfabcbbe3db374f92ed2d47121282d4a1
ARG DEBIAN_IMAGE=debian:bookworm-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171
# Where `/usr/local/bin/uu-predictor` comes from: the stage below, or an image that has one already.
ARG BINARY_IMAGE=built


FROM ${RUST_IMAGE} AS tools
ARG CARGO_CHEF_VERSION=0.1.78
ARG CARGO_AUDITABLE_VERSION=0.7.7
# LightGBM needs a newer cmake than Debian 12 has.
ARG CMAKE_VERSION=3.31.6
ENV CMAKE=/opt/cmake/bin/cmake
WORKDIR /build
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends g++ make libclang-dev python3-venv && \
    rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/cmake && \
    /opt/cmake/bin/pip install --no-cache-dir --disable-pip-version-check "cmake==${CMAKE_VERSION}"
RUN cargo install --locked --version "${CARGO_CHEF_VERSION}" cargo-chef && \
    cargo install --locked --version "${CARGO_AUDITABLE_VERSION}" cargo-auditable && \
    rm -rf "${CARGO_HOME:-/usr/local/cargo}/registry"


# What the dependencies are, without the sources: as long as that is the same, the layer that builds them is found.
FROM tools AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json


FROM tools AS built
COPY --from=recipe /build/recipe.json recipe.json
RUN cargo chef cook --release --locked --package uu-cli --recipe-path recipe.json
COPY . .
# The binary holds the list of the crates it was made of, some KiB of it: whoever scans the image finds them.
ARG REVISION=unknown
RUN UU_COMMIT="${REVISION}" cargo auditable build --release --locked --package uu-cli && \
    install -D --strip target/release/uu-predictor /usr/local/bin/uu-predictor


# hadolint ignore=DL3006
FROM ${BINARY_IMAGE} AS binary


FROM ${DEBIAN_IMAGE} AS libraries
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends ca-certificates libgomp1 libstdc++6 && \
    rm -rf /var/lib/apt/lists/*


# The first model of an empty volume. The same release gives the same bytes, whatever machine trains.
FROM libraries AS model
COPY --from=binary /usr/local/bin/uu-predictor /usr/local/bin/uu-predictor
RUN uu-predictor train --bundled-sample --store /tmp/store > /tmp/report.txt && \
    uu-predictor models export --store /tmp/store --artifact /first.uumodel && \
    chmod 0444 /first.uumodel && rm -rf /tmp/store


FROM libraries AS root
COPY deploy/image/collect-root /tmp/collect-root
RUN /tmp/collect-root /root-of-image ca-certificates libc6 libgcc-s1 libgomp1 libstdc++6


FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="UU Predictor" \
      org.opencontainers.image.description="Estimates the unique users of a website from its traffic metrics" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=root /root-of-image /
COPY --from=binary /usr/local/bin/uu-predictor /usr/local/bin/uu-predictor
COPY --from=model /first.uumodel /usr/share/uu-predictor/first.uumodel
# Files that are too large for memory lie in the volume for as long as they are needed: the rest of the image is never written.
ENV UU_STORE=/var/lib/uu-predictor \
    UU_SERVER__LISTEN=0.0.0.0:5000 \
    UU_FIRST_MODEL=/usr/share/uu-predictor/first.uumodel \
    TMPDIR=/var/lib/uu-predictor \
    USER=uu-predictor
USER 65532:65532
VOLUME /var/lib/uu-predictor
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/usr/local/bin/uu-predictor", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/uu-predictor"]
CMD ["serve"]
