# Third-party libraries as wetgate_dep::NAME targets, found by header and library name: works with Debian's packages and
# with a plain tree of headers and libraries named in CMAKE_PREFIX_PATH.

function(wetgate_dependency name)
    cmake_parse_arguments(arg "" "HEADER" "LIBRARIES;SUFFIXES" ${ARGN})
    find_path(WETGATE_${name}_INCLUDE ${arg_HEADER} PATH_SUFFIXES ${arg_SUFFIXES} REQUIRED)
    add_library(wetgate_dep_${name} INTERFACE)
    add_library(wetgate_dep::${name} ALIAS wetgate_dep_${name})
    target_include_directories(wetgate_dep_${name} SYSTEM INTERFACE ${WETGATE_${name}_INCLUDE})
    foreach(library IN LISTS arg_LIBRARIES)
        find_library(WETGATE_${name}_${library} ${library} REQUIRED)
        target_link_libraries(wetgate_dep_${name} INTERFACE ${WETGATE_${name}_${library}})
    endforeach()
endfunction()

find_package(Threads REQUIRED)
find_package(Torch REQUIRED)

wetgate_dependency(json HEADER nlohmann/json.hpp)
wetgate_dependency(valijson HEADER valijson/validator.hpp)
wetgate_dependency(cli11 HEADER CLI/CLI.hpp)
wetgate_dependency(xxhash HEADER xxhash.h LIBRARIES xxhash)
wetgate_dependency(fmt HEADER fmt/format.h LIBRARIES fmt)
# Before all others: PyTorch brings headers of a fmt of its own, which is not the one that is linked.
include_directories(BEFORE SYSTEM ${WETGATE_fmt_INCLUDE})
wetgate_dependency(spdlog HEADER spdlog/spdlog.h LIBRARIES spdlog fmt)
target_compile_definitions(wetgate_dep_spdlog INTERFACE SPDLOG_SHARED_LIB SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
wetgate_dependency(imath HEADER ImathBox.h SUFFIXES Imath LIBRARIES Imath)
wetgate_dependency(openexr HEADER ImfHeader.h SUFFIXES OpenEXR LIBRARIES OpenEXR OpenEXRCore Iex IlmThread)
target_link_libraries(wetgate_dep_openexr INTERFACE wetgate_dep_imath)
# Without it (in a tree of libraries that was packed before it was asked for) OpenEXR packs all that is written.
find_path(WETGATE_deflate_INCLUDE libdeflate.h)
find_library(WETGATE_deflate_deflate deflate)
if(WETGATE_deflate_INCLUDE AND WETGATE_deflate_deflate)
    wetgate_dependency(deflate HEADER libdeflate.h LIBRARIES deflate)
else()
    message(WARNING "no libdeflate (Debian: libdeflate-dev): writing EXR takes longer")
endif()
wetgate_dependency(oiio HEADER OpenImageIO/imageio.h LIBRARIES OpenImageIO OpenImageIO_Util)
target_link_libraries(wetgate_dep_oiio INTERFACE wetgate_dep_imath)
wetgate_dependency(ocio HEADER OpenColorIO/OpenColorIO.h LIBRARIES OpenColorIO)
wetgate_dependency(ffmpeg HEADER libavcodec/avcodec.h LIBRARIES avformat avcodec avutil)
wetgate_dependency(opencv HEADER opencv2/core.hpp SUFFIXES opencv4
    LIBRARIES opencv_core opencv_imgproc opencv_photo opencv_video opencv_calib3d opencv_features2d)
wetgate_dependency(opencv_dnn HEADER opencv2/dnn.hpp SUFFIXES opencv4 LIBRARIES opencv_dnn)
# The plotting library of report.html: text that goes into the page, not linked.
find_path(WETGATE_DYGRAPHS dygraph.min.js HINTS /usr/share/javascript/dygraphs PATH_SUFFIXES share/javascript/dygraphs REQUIRED
    DOC "Folder with dygraph.min.js and dygraph.min.css (Debian: libjs-dygraphs)")
if(WETGATE_TESTS)
    wetgate_dependency(doctest HEADER doctest/doctest.h)
endif()

# LibTorch's own target asks for C++14 and carries options of its build: only its paths and libraries are used.
add_library(wetgate_dep_torch INTERFACE)
add_library(wetgate_dep::torch ALIAS wetgate_dep_torch)
target_include_directories(wetgate_dep_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
# libstdc++ before it: PyTorch's libtorch.so brings parts of std::filesystem that do not work outside of it.
target_link_libraries(wetgate_dep_torch INTERFACE stdc++ ${TORCH_LIBRARIES})
