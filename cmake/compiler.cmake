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
