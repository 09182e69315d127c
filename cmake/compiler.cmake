# Warnings and floating-point rules for every target of the project.
find_package(Threads REQUIRED)

add_library(diskern_flags INTERFACE)
target_compile_options(diskern_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -fno-math-errno -fno-trapping-math
  # Contraction would make results depend on the instruction set (reproducibility level R1).
  -ffp-contract=off)
if(DISKERN_WERROR)
  target_compile_options(diskern_flags INTERFACE -Werror)
endif()
if(DISKERN_SANITIZE)
  add_compile_options(-fsanitize=${DISKERN_SANITIZE} -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=${DISKERN_SANITIZE})
  if(DISKERN_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(DISKERN_TIDY)
  # Debian carries the version in the name.
  find_program(DISKERN_CLANG_TIDY NAMES clang-tidy clang-tidy-21 clang-tidy-20 clang-tidy-19 clang-tidy-18 clang-tidy-17
               clang-tidy-16 clang-tidy-15 clang-tidy-14)
  if(NOT DISKERN_CLANG_TIDY)
    message(FATAL_ERROR "DISKERN_TIDY=ON needs clang-tidy (Debian: apt-get install clang-tidy)")
  endif()
  # Options of GCC that clang does not know are none of its business.
  set(CMAKE_CXX_CLANG_TIDY "${DISKERN_CLANG_TIDY};--quiet;--extra-arg=-Wno-unknown-warning-option;--extra-arg=-Wno-ignored-optimization-argument")
endif()
