# CPU image from Debian's packages:      docker build -t wetgate .
# CUDA image with an unpacked LibTorch:  docker build -t wetgate-cuda --build-arg TORCH=libtorch --build-arg BASE=nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04 .
#   (TORCH names the unpacked folder inside the build context; BASE must be able to apt-get the packages of scripts/setup)
ARG BASE=debian:12
FROM ${BASE} AS build
ARG TORCH=
WORKDIR /src
COPY . .
RUN scripts/setup --no-browser
RUN scripts/build -DWETGATE_TESTS=OFF ${TORCH:+-DCMAKE_PREFIX_PATH=/src/${TORCH}} \
    && mkdir -p /opt/wetgate && cp -r build/wetgate build/libwetgate_engine.so build/wetgate-decoder build/libwetgate_stills.so build/models /opt/wetgate/ \
    && if [ -n "${TORCH}" ]; then cp -r "${TORCH}/lib" /opt/wetgate/torch; else mkdir /opt/wetgate/torch; fi

FROM ${BASE}
COPY --from=build /src/scripts/setup /tmp/setup
RUN /tmp/setup --no-browser && rm -rf /var/lib/apt/lists/* /tmp/setup
COPY --from=build /opt/wetgate /opt/wetgate
RUN ln -s /opt/wetgate/wetgate /usr/local/bin/wetgate && echo /opt/wetgate/torch > /etc/ld.so.conf.d/wetgate.conf && ldconfig
USER nobody
ENTRYPOINT ["/opt/wetgate/wetgate"]
