// The version of Moldau that a program was compiled with. This is the only place where it is written; CMake reads it
// here.
//
// Threads: constants.   Ownership: none.   Failure: none.
#pragma once

#define MOLDAU_VERSION_MAJOR 0
#define MOLDAU_VERSION_MINOR 1
#define MOLDAU_VERSION_PATCH 0

namespace moldau {

inline constexpr int kVersionMajor = MOLDAU_VERSION_MAJOR;
inline constexpr int kVersionMinor = MOLDAU_VERSION_MINOR;
inline constexpr int kVersionPatch = MOLDAU_VERSION_PATCH;

}  // namespace moldau
