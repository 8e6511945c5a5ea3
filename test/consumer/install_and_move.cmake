# Installs the build tree `build` to `first`, then moves it to `moved`: what was installed must not know where it lies.
file(REMOVE_RECURSE ${first} ${moved})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${build} --prefix ${first} --component moldau_dev
                COMMAND_ERROR_IS_FATAL ANY)
file(RENAME ${first} ${moved})

file(GLOB_RECURSE texts ${moved}/*.cmake ${moved}/*.pc)
foreach(text IN LISTS texts)
  file(READ ${text} content)
  foreach(path IN ITEMS ${first} ${build})
    string(FIND "${content}" ${path} position)
    if(NOT position EQUAL -1)
      message(FATAL_ERROR "${text} names ${path}")
    endif()
  endforeach()
endforeach()
