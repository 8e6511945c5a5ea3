// What the worker of the queue's drill says on its pipe.
#pragma once

#include <cstdint>

namespace moldau::test {

// Smaller than PIPE_BUF, so that those of several threads never mix.
struct QueueSays {
  enum What : int32_t {
    kSent,       // `job` is as durable as its topic promises
    kReceived,   // for the `count`th time
    kOver,       // a verdict on `job` is about to be given that may end it
    kCommitted,  // the acknowledgement of `job` is durable
  };
  int32_t what = kSent;
  int32_t count = 0;
  int64_t job = 0;
};

}  // namespace moldau::test
