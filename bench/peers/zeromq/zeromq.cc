// ZeroMQ inproc: a pair of sockets between two threads, the reader asleep in zmq_recv.
#include <zmq.h>

#include <cstring>
#include <thread>

#include "peer.h"

namespace {

using namespace moldau::bench;

class Socket {
 public:
  explicit Socket(void* context) : socket_(zmq_socket(context, ZMQ_PAIR)) {
    const int never_full = 0;
    zmq_setsockopt(socket_, ZMQ_SNDHWM, &never_full, sizeof never_full);
    zmq_setsockopt(socket_, ZMQ_RCVHWM, &never_full, sizeof never_full);
  }
  ~Socket() { zmq_close(socket_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  void* get() const { return socket_; }

 private:
  void* socket_;
};

double Parked(const Turn& turn) {
  void* const context = zmq_ctx_new();
  Delays delays(turn.records);
  {
    Socket in(context), out(context);
    if (zmq_bind(in.get(), "inproc://log") != 0 || zmq_connect(out.get(), "inproc://log") != 0) Fail("zeromq: connect");
    std::jthread writer([&] {
      std::string message = Payload(turn.message_bytes);
      SendPaced(turn.records, [&](double due) {
        std::memcpy(message.data(), &due, sizeof due);
        if (zmq_send(out.get(), message.data(), message.size(), 0) < 0) Fail("zeromq: send");
      });
    });
    std::string message(static_cast<size_t>(turn.message_bytes), '\0');
    while (delays.count() < turn.records) {
      if (zmq_recv(in.get(), message.data(), message.size(), 0) < 0) Fail("zeromq: receive");
      double due;
      std::memcpy(&due, message.data(), sizeof due);
      delays.Add(Now() - due);
    }
  }
  zmq_ctx_term(context);
  return delays.Median();
}

}  // namespace

int main() {
  return Serve([](const Turn& turn) {
    if (turn.workload == "parked") return Parked(turn);
    Fail("no such workload: " + turn.workload);
  });
}
