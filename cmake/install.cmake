# cmake --install: headers, library, package configuration for find_package(diskern) and pkg-config.
# In a Python wheel everything lies inside the package (diskern/lib, diskern/include), where diskern.get_cmake_dir() finds it.
include(CMakePackageConfigHelpers)

if(DEFINED SKBUILD)
  set(DISKERN_INSTALL_PREFIX "diskern/")
  set(DISKERN_INSTALL_LIBDIR "diskern/lib")
  set(DISKERN_INSTALL_INCLUDEDIR "diskern/include")
else()
  set(DISKERN_INSTALL_PREFIX "")
  set(DISKERN_INSTALL_LIBDIR "${CMAKE_INSTALL_LIBDIR}")
  set(DISKERN_INSTALL_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
endif()
set(DISKERN_INSTALL_CMAKEDIR "${DISKERN_INSTALL_LIBDIR}/cmake/diskern")

set_target_properties(diskern_core PROPERTIES EXPORT_NAME diskern)
if(BUILD_SHARED_LIBS)
  set_target_properties(diskern_core PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()

install(TARGETS diskern_core EXPORT diskernTargets COMPONENT library
        ARCHIVE DESTINATION "${DISKERN_INSTALL_LIBDIR}"
        LIBRARY DESTINATION "${DISKERN_INSTALL_LIBDIR}"
        RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
        INCLUDES DESTINATION "${DISKERN_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/cpp/include/diskern" DESTINATION "${DISKERN_INSTALL_INCLUDEDIR}" COMPONENT library
        FILES_MATCHING PATTERN "*.hpp" PATTERN "*.h")
install(EXPORT diskernTargets NAMESPACE diskern:: DESTINATION "${DISKERN_INSTALL_CMAKEDIR}" COMPONENT library)

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/diskernConfig.cmake.in" "${PROJECT_BINARY_DIR}/diskernConfig.cmake"
                              INSTALL_DESTINATION "${DISKERN_INSTALL_CMAKEDIR}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/diskernConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/diskernConfig.cmake" "${PROJECT_BINARY_DIR}/diskernConfigVersion.cmake"
        DESTINATION "${DISKERN_INSTALL_CMAKEDIR}" COMPONENT library)

# pkg-config --cflags --libs diskern; the prefix is found from where the file lies.
file(RELATIVE_PATH DISKERN_PKGCONFIG_TO_PREFIX "/prefix/${DISKERN_INSTALL_LIBDIR}/pkgconfig" "/prefix/${DISKERN_INSTALL_PREFIX}")
file(RELATIVE_PATH DISKERN_PKGCONFIG_LIBDIR "/prefix/${DISKERN_INSTALL_PREFIX}" "/prefix/${DISKERN_INSTALL_LIBDIR}")
file(RELATIVE_PATH DISKERN_PKGCONFIG_INCLUDEDIR "/prefix/${DISKERN_INSTALL_PREFIX}" "/prefix/${DISKERN_INSTALL_INCLUDEDIR}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/diskern.pc.in" "${PROJECT_BINARY_DIR}/diskern.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/diskern.pc" DESTINATION "${DISKERN_INSTALL_LIBDIR}/pkgconfig" COMPONENT library)
