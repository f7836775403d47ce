"""The packages of Debian (and Ubuntu) and of Alpine that bring common shared libraries.

From the packages' file lists: https://packages.debian.org (trixie; names that older releases have too are
preferred), https://pkgs.alpinelinux.org.
"""

from __future__ import annotations

_TABLE = """
libGL.so.1 libgl1 mesa-gl
libEGL.so.1 libegl1 mesa-egl
libGLX.so.0 libglx0 libglvnd
libGLU.so.1 libglu1-mesa glu
libOpenGL.so.0 libopengl0 libglvnd
libSM.so.6 libsm6 libsm
libICE.so.6 libice6 libice
libX11.so.6 libx11-6 libx11
libX11-xcb.so.1 libx11-xcb1 libx11
libXext.so.6 libxext6 libxext
libXrender.so.1 libxrender1 libxrender
libXft.so.2 libxft2 libxft
libXi.so.6 libxi6 libxi
libXrandr.so.2 libxrandr2 libxrandr
libXcursor.so.1 libxcursor1 libxcursor
libXfixes.so.3 libxfixes3 libxfixes
libXcomposite.so.1 libxcomposite1 libxcomposite
libXdamage.so.1 libxdamage1 libxdamage
libXtst.so.6 libxtst6 libxtst
libXss.so.1 libxss1 libxscrnsaver
libxcb.so.1 libxcb1 libxcb
libxkbcommon.so.0 libxkbcommon0 libxkbcommon
libtk8.6.so libtk8.6 tk
libtcl8.6.so libtcl8.6 tcl
libglib-2.0.so.0 libglib2.0-0 glib
libgthread-2.0.so.0 libglib2.0-0 glib
libgobject-2.0.so.0 libglib2.0-0 glib
libgio-2.0.so.0 libglib2.0-0 glib
libgtk-3.so.0 libgtk-3-0 gtk+3.0
libcairo.so.2 libcairo2 cairo
libpango-1.0.so.0 libpango-1.0-0 pango
libpangocairo-1.0.so.0 libpangocairo-1.0-0 pango
libpangoft2-1.0.so.0 libpangoft2-1.0-0 pango
libharfbuzz.so.0 libharfbuzz0b harfbuzz
libgdk_pixbuf-2.0.so.0 libgdk-pixbuf-2.0-0 gdk-pixbuf
libfontconfig.so.1 libfontconfig1 fontconfig
libfreetype.so.6 libfreetype6 freetype
libpq.so.5 libpq5 libpq
libmariadb.so.3 libmariadb3 mariadb-connector-c
libsqlite3.so.0 libsqlite3-0 sqlite-libs
libodbc.so.2 libodbc2 unixodbc
libodbc.so.1 unixodbc unixodbc
libct.so.4 libct4 freetds
libsybdb.so.5 libsybdb5 freetds
libldap.so.2 libldap2 libldap
libsasl2.so.2 libsasl2-2 libsasl
libgomp.so.1 libgomp1 libgomp
libstdc++.so.6 libstdc++6 libstdc++
libgcc_s.so.1 libgcc-s1 libgcc
libgfortran.so.5 libgfortran5 libgfortran
libquadmath.so.0 libquadmath0 libquadmath
libatomic.so.1 libatomic1 libatomic
libblas.so.3 libblas3 blas
liblapack.so.3 liblapack3 lapack
libopenblas.so.0 libopenblas0 openblas
libcurl.so.4 libcurl4 libcurl
libcurl-gnutls.so.4 libcurl3-gnutls libcurl
libssl.so.3 libssl3 libssl3
libcrypto.so.3 libssl3 libcrypto3
libffi.so.8 libffi8 libffi
libz.so.1 zlib1g zlib
libbz2.so.1.0 libbz2-1.0 libbz2
liblzma.so.5 liblzma5 xz-libs
libzstd.so.1 libzstd1 zstd-libs
liblz4.so.1 liblz4-1 lz4-libs
libsnappy.so.1 libsnappy1v5 snappy
libexpat.so.1 libexpat1 libexpat
libxml2.so.2 libxml2 libxml2
libxslt.so.1 libxslt1.1 libxslt
libexslt.so.0 libxslt1.1 libxslt
libxmlsec1.so.1 libxmlsec1 xmlsec
libxmlsec1-openssl.so.1 libxmlsec1-openssl xmlsec
libyaml-0.so.2 libyaml-0-2 yaml
libjpeg.so.62 libjpeg62-turbo libjpeg-turbo
libjpeg.so.8 libjpeg-turbo8 libjpeg-turbo
libpng16.so.16 libpng16-16 libpng
libtiff.so.6 libtiff6 tiff
libwebp.so.7 libwebp7 libwebp
libopenjp2.so.7 libopenjp2-7 openjpeg
liblcms2.so.2 liblcms2-2 lcms2
libheif.so.1 libheif1 libheif
libmagic.so.1 libmagic1 libmagic
libgeos_c.so.1 libgeos-c1v5 geos
libproj.so.25 libproj25 proj
libspatialindex.so.8 libspatialindex8 libspatialindex
libhdf5.so.310 libhdf5-310 hdf5
libasound.so.2 libasound2 alsa-lib
libportaudio.so.2 libportaudio2 portaudio
libsndfile.so.1 libsndfile1 libsndfile
libnss3.so libnss3 nss
libnspr4.so libnspr4 nspr
libdbus-1.so.3 libdbus-1-3 dbus-libs
libudev.so.1 libudev1 eudev-libs
libusb-1.0.so.0 libusb-1.0-0 libusb
libzmq.so.5 libzmq5 libzmq
librdkafka.so.1 librdkafka1 librdkafka
libsodium.so.23 libsodium23 libsodium
libgmp.so.10 libgmp10 gmp
libmpfr.so.6 libmpfr6 mpfr4
libcups.so.2 libcups2 cups-libs
libatk-1.0.so.0 libatk1.0-0 at-spi2-core
libgbm.so.1 libgbm1 mesa-gbm
libdrm.so.2 libdrm2 libdrm
libkrb5.so.3 libkrb5-3 krb5-libs
libgssapi_krb5.so.2 libgssapi-krb5-2 krb5-libs
libuuid.so.1 libuuid1 libuuid
libncursesw.so.6 libncursesw6 libncursesw
libtinfo.so.6 libtinfo6 ncurses-libs
libreadline.so.8 libreadline8 readline
libgdbm.so.6 libgdbm6 gdbm
"""

PACKAGES: dict[str, tuple[str, str]] = {
    library: (debian, alpine) for library, debian, alpine in map(str.split, _TABLE.strip().splitlines())
}
"""Library (its soname) → Debian's package, Alpine's package."""
