# install(), find_package(moldau) and pkg-config. The installed tree may be moved as a whole.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(moldau_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/moldau)

foreach(target IN ITEMS moldau moldau_record moldau_testing)
  if(TARGET ${target})
    get_target_property(header_set ${target} INTERFACE_HEADER_SETS)
    set(headers)
    if(header_set)
      set(headers FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT moldau_dev)
    endif()
    install(TARGETS ${target} EXPORT moldau
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT moldau_dev ${headers})
  endif()
endforeach()
install(EXPORT moldau NAMESPACE moldau:: FILE moldauTargets.cmake DESTINATION ${moldau_cmake_dir} COMPONENT moldau_dev)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/moldauConfig.cmake.in moldauConfig.cmake
                              INSTALL_DESTINATION ${moldau_cmake_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(moldauConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/moldauConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/moldauConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FindLZ4.cmake
        DESTINATION ${moldau_cmake_dir} COMPONENT moldau_dev)

# From lib/pkgconfig up to the prefix.
file(RELATIVE_PATH moldau_pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" moldau_pc_to_prefix ${moldau_pc_to_prefix})
configure_file(${CMAKE_CURRENT_LIST_DIR}/moldau.pc.in moldau.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/moldau.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT moldau_dev)
