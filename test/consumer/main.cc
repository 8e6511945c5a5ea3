// A program as a user would write it: exits with 0 if what it parsed prints as it came.
#include <moldau/types.h>
#include <moldau/version.h>

#include <cstdio>
#include <string>

int main() {
  const std::string text = "QW5kIGhlcmUgd2UgYXJlIQ";
  moldau::Uuid id;
  if (!moldau::Uuid::Parse(text, id)) return 1;
  std::printf("Moldau %d.%d: %s\n", moldau::kVersionMajor, moldau::kVersionMinor, id.ToString().c_str());
  return id.ToString() == text ? 0 : 1;
}
