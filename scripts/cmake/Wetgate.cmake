# Helpers that every folder's CMakeLists.txt uses.

add_library(wetgate_options INTERFACE)
target_compile_features(wetgate_options INTERFACE cxx_std_20)
target_compile_options(wetgate_options INTERFACE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # g++ 12 invents overlaps in std::string's operator+ (GCC bug 105651)
    -ffp-contract=off  # fused multiply-adds would differ between compilers and ISAs
    $<$<BOOL:${WETGATE_WERROR}>:-Werror>)
if(WETGATE_SANITIZE)
    target_compile_options(wetgate_options INTERFACE -fsanitize=${WETGATE_SANITIZE} -fno-omit-frame-pointer -g)
    target_link_options(wetgate_options INTERFACE -fsanitize=${WETGATE_SANITIZE})
    if(WETGATE_SANITIZE MATCHES undefined)
        target_compile_options(wetgate_options INTERFACE -fno-sanitize-recover=all)  # a finding ends the test
    endif()
endif()

# wetgate_module(NAME SOURCES ... [PUBLIC ...] [PRIVATE ...]): lib/NAME as the static library wetgate::NAME.
function(wetgate_module name)
    cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
    add_library(wetgate_${name} STATIC ${arg_SOURCES})
    add_library(wetgate::${name} ALIAS wetgate_${name})
    target_include_directories(wetgate_${name} PUBLIC ${PROJECT_SOURCE_DIR}/lib)
    target_link_libraries(wetgate_${name} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} wetgate_options)
endfunction()

# wetgate_test(NAME SOURCES ... LINK ... [LABELS ...]): one doctest executable, one ctest case.
function(wetgate_test name)
    cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
    add_executable(${name}_test ${arg_SOURCES})
    target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(${name}_test PRIVATE ${arg_LINK} wetgate_doctest_main wetgate_options)
    add_test(NAME ${name} COMMAND ${name}_test)
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 300)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
        ENVIRONMENT "WETGATE_SHARED=${PROJECT_SOURCE_DIR}/../shared")
endfunction()
