// Runs Apache Kafka's own programs (test/interop/kafka/kafka).
#pragma once

#include <array>
#include <cstdio>
#include <string>

#include "support/catch.h"

namespace moldau::test {

struct ToolResult {
  int exit_status = -1;
  std::string output;  // both streams
};

// Runs a shell command.
inline ToolResult RunCommand(const std::string& command) {
  ToolResult result;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer;
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) result.output.append(buffer.data(), n);
  result.exit_status = pclose(pipe);
  return result;
}

// Runs `kafka HOME_DIR <arguments>`.
inline ToolResult Kafka(const std::string& arguments) {
  return RunCommand(std::string(MOLDAU_TEST_DIR) + "/interop/kafka/kafka " + MOLDAU_INTEROP_HOME + " " + arguments);
}

inline size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

}  // namespace moldau::test
