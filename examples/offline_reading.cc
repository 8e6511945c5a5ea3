// Reading without a broker: opens the directory of a topic read-only, whoever wrote it, and prints what is in it.
//
//   offline_reading [DATA_DIRECTORY TOPIC]    without arguments it first writes a small topic to read
#include <iostream>
#include <string>

#include "moldau/moldau.h"
#include "moldau/offline.h"

namespace {

void WriteSomething(const std::string& data, const std::string& topic) {
  auto broker = moldau::Broker::Open({.data_dir = data}).value();
  broker->OpenTopic(topic, {.partitions = 2}).value();
  moldau::Producer producer(*broker, {.compression = moldau::Compression::kZstd});
  for (const char* river : {"Vltava", "Labe", "Ohre", "Sazava", "Berounka", "Luznice", "Otava"}) {
    producer.Send(topic, {.key = river, .value = std::string(river) + " flows"}).value();
  }
  producer.Flush().IgnoreError();  // what is missing is missing below
}

}  // namespace

int main(int argc, char** argv) {
  const std::string data = argc == 3 ? argv[1] : "offline_reading.data";
  const std::string topic = argc == 3 ? argv[2] : "rivers";
  if (argc != 3) WriteSomething(data, topic);

  auto logs = moldau::OfflineLog::OpenTopic(data, topic);
  if (!logs.ok()) {
    std::cerr << logs.status().message() << "\n";
    return 1;
  }
  int64_t count = 0;
  for (moldau::OfflineLog& log : *logs) {
    const absl::Status status = log.ForEach([&](const moldau::RecordView& record) {
      std::cout << topic << "-" << log.partition().partition << " @" << record.offset() << "  " << record.key() << ": "
                << record.value() << "\n";
      ++count;
      return true;
    });
    if (!status.ok()) {
      std::cerr << status.message() << "\n";
      return 1;
    }
  }
  std::cout << count << " records read from " << data << ", with no broker running\n";
  return count > 0 ? 0 : 1;
}
