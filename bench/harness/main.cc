// moldau_bench [--json FILE] [--only NAME[,NAME...]] [--repeats N] [--dir DIRECTORY] [--smoke]
// moldau_bench --micro [ARGUMENTS OF GOOGLE BENCHMARK]
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <iterator>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "harness/machine.h"
#include "harness/report.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

struct Arguments {
  std::string json;
  std::set<std::string> only;
  std::string directory = ".";
  int repeats = 5;
  bool smoke = false;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const auto value = [&]() -> std::string {
      if (++i == argc) Die(name + ": a value is missing");
      return argv[i];
    };
    if (name == "--json") {
      arguments.json = value();
    } else if (name == "--only") {
      const std::vector<std::string> names = absl::StrSplit(value(), ',');
      arguments.only.insert(names.begin(), names.end());
    } else if (name == "--dir") {
      arguments.directory = value();
    } else if (name == "--repeats") {
      if (!absl::SimpleAtoi(value(), &arguments.repeats) || arguments.repeats < 1) Die("--repeats: at least 1");
    } else if (name == "--smoke") {
      arguments.smoke = true;
    } else {
      Die("unknown argument " + name +
          "; there are --json FILE, --only NAMES, --repeats N, --dir DIRECTORY, --smoke, --micro");
    }
  }
  return arguments;
}

std::vector<Figure> AllFigures(const Scale& scale) {
  std::vector<Figure> all;
  for (const auto make :
       {AppendFigures, TailFigures, ScanFigures, FlushFigures, GroupFigures, OpenFigures, QueueFigures}) {
    std::vector<Figure> some = make(scale);
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

int RunFigures(const Arguments& arguments) {
  const Scale scale{.factor = arguments.smoke ? 0.002 : 1};
  const RunOptions options{.repeats = arguments.smoke ? 1 : arguments.repeats, .judge = !arguments.smoke};
  Scratch::SetRoot(arguments.directory);
  const std::vector<Figure> figures = AllFigures(scale);
  for (const std::string& name : arguments.only) {
    const auto has_name = [&](const Figure& figure) { return figure.name == name; };
    if (std::none_of(figures.begin(), figures.end(), has_name)) Die("--only: there is no figure " + name);
  }
  std::vector<Result> results;
  if (arguments.smoke) {
    for (const Figure& figure : figures) {
      results.push_back(Run(figure, options));
      std::printf("%s ran\n", figure.name.c_str());
    }
  } else {
    std::printf("%s\n\n", HostLine(arguments.directory).c_str());
    PrintHeader();
    for (const Figure& figure : figures) {
      if (!arguments.only.empty() && !arguments.only.contains(figure.name)) continue;
      results.push_back(Run(figure, options));
      PrintRow(results.back());
    }
    PrintCounters(results);
  }
  if (!arguments.json.empty()) WriteJson(arguments.json, results);
  return 0;
}

int RunMicro(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

int Main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "--child") == 0) return RunChild(argv[2], argv[3]);
  if (argc > 1 && std::strcmp(argv[1], "--micro") == 0) return RunMicro(argc - 1, argv + 1);
  return RunFigures(Parse(argc, argv));
}

}  // namespace
}  // namespace moldau::bench

int main(int argc, char** argv) { return moldau::bench::Main(argc, argv); }
