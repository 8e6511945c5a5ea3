// moldau_bench [--json FILE] [--only NAME[,NAME...]] [--repeats N] [--dir DIRECTORY] [--smoke]
// moldau_bench --micro [ARGUMENTS OF GOOGLE BENCHMARK]
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstring>
#include <iterator>

#include "harness/arguments.h"
#include "harness/machine.h"
#include "harness/report.h"
#include "harness/support.h"

namespace moldau::bench {
namespace {

CommonArguments Parse(int argc, char** argv) {
  CommonArguments arguments;
  for (ArgumentReader reader(argc, argv); reader.Next();) {
    if (!reader.Take(arguments)) {
      Die("unknown argument " + reader.word() +
          "; there are --json FILE, --only NAMES, --repeats N, --dir DIRECTORY, --smoke, --micro");
    }
  }
  return arguments;
}

std::vector<Figure> AllFigures(const Scale& scale) {
  std::vector<Figure> all;
  for (const auto make :
       {AppendFigures, TailFigures, ScanFigures, FlushFigures, GroupFigures, OpenFigures, QueueFigures, DiskFigures}) {
    std::vector<Figure> some = make(scale);
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

int RunFigures(const CommonArguments& arguments) {
  const Scale scale{.factor = arguments.smoke ? 0.002 : 1};
  const RunOptions options{.repeats = arguments.smoke ? 1 : arguments.repeats, .judge = !arguments.smoke};
  Scratch::SetRoot(arguments.directory);
  const std::vector<Figure> figures = AllFigures(scale);
  arguments.CheckNames(figures, [](const Figure& figure) { return figure.name; });
  std::vector<Result> results;
  if (!arguments.smoke) {
    std::printf("%s\n\n", HostLine(arguments.directory).c_str());
    PrintHeader();
  }
  for (const Figure& figure : figures) {
    if (!arguments.IsWanted(figure.name)) continue;
    results.push_back(Run(figure, options));
    if (arguments.smoke) {
      std::printf("%s ran\n", figure.name.c_str());
    } else {
      PrintRow(results.back());
    }
  }
  if (!arguments.smoke) PrintCounters(results);
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
