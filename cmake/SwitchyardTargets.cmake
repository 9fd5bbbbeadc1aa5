# SPDX-License-Identifier: GPL-3.0-or-later
# How every target of the project is declared, so that flags and folder rules live in one place.

find_package(Threads REQUIRED)

add_library(sy_flags INTERFACE)
target_include_directories(sy_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(sy_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers)
# Floating-point results must not depend on the compiler's mood: the scalar definition says where fma is used.
target_compile_options(sy_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
target_link_libraries(sy_flags INTERFACE Threads::Threads)
if(SWITCHYARD_SANITIZE)
    target_compile_options(sy_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
    target_link_options(sy_flags INTERFACE -fsanitize=address,undefined)
endif()
if(SWITCHYARD_SANITIZE_THREADS)
    target_compile_options(sy_flags INTERFACE -fsanitize=thread -fno-omit-frame-pointer)
    target_link_options(sy_flags INTERFACE -fsanitize=thread)
endif()
if(SWITCHYARD_FUZZ)
    target_compile_options(sy_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined)
    target_link_options(sy_flags INTERFACE -fsanitize=address,undefined)
endif()

# One static library per engine folder:  sy_engine(quant SOURCES quant_table.cpp ... LINKS sy_core)
# AVX2 and AVX512 list the files compiled for that level only (STYLE.md section 8).
function(sy_engine name)
    cmake_parse_arguments(ARG "" "" "SOURCES;AVX2;AVX512;LINKS" ${ARGN})
    add_library(sy_${name} STATIC ${ARG_SOURCES})
    target_link_libraries(sy_${name} PUBLIC sy_flags ${ARG_LINKS})
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_sources(sy_${name} PRIVATE ${ARG_AVX2} ${ARG_AVX512})
        set_source_files_properties(${ARG_AVX2} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
        if(SWITCHYARD_EMULATE_AVX512)
            set_source_files_properties(${ARG_AVX512} PROPERTIES COMPILE_OPTIONS
                "-mavx2;-mfma;-mf16c;-include;${CMAKE_SOURCE_DIR}/tests/cpu_emulation/avx512.h")
        else()
            set_source_files_properties(${ARG_AVX512} PROPERTIES COMPILE_OPTIONS
                "-mavx512f;-mavx512bw;-mavx512dq;-mavx512vl;-mavx512vnni;-mavx512bf16;-mavx512vbmi;-mfma;-mf16c;-mprefer-vector-width=512;-Wno-maybe-uninitialized;-Wno-uninitialized;-Wno-unknown-warning-option") # GCC 12 warns inside its own intrinsics
        endif()
    endif()
endfunction()

# One small Qt Test program per file:  sy_test(tst_gguf LINKS sy_formats)
# The fixtures' folder and our own test data reach the test through the environment.
function(sy_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    add_executable(${name} ${name}.cpp ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES AUTOMOC ON)
    target_link_libraries(${name} PRIVATE sy_flags ${ARG_LINKS} Qt6::Test)
    target_compile_definitions(${name} PRIVATE SY_TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data" SY_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name})
    # How long a test may take is said once, by ctest.
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "QT_QPA_PLATFORM=offscreen;QTEST_FUNCTION_TIMEOUT=3600000")
endfunction()

# One libFuzzer target:  sy_fuzz(fuzz_gguf LINKS sy_formats)     (preset fuzz, clang)
function(sy_fuzz name)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    if(SWITCHYARD_FUZZ)
        add_executable(${name} ${name}.cpp)
        target_link_libraries(${name} PRIVATE sy_flags ${ARG_LINKS})
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        if(NOT TARGET fuzz_targets)
            add_custom_target(fuzz_targets) # what CI builds with this preset: the targets and the folders they link, no more
        endif()
        add_dependencies(fuzz_targets ${name})
    endif()
endfunction()
