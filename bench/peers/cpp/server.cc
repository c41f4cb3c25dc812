// A server process of the bench: the C++ library's asynchronous unary calls, one completion queue and one thread for it. The callback API takes
// a fifth more CPU for a call on one core.
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "answer.h"
#include "shop/order/v1/order_service.grpc.pb.h"

using shop::order::v1::OrderService;
using shop::order::v1::PlaceOrderRequest;
using shop::order::v1::PlaceOrderResponse;

namespace {

// Calls that may arrive before the thread looks: fewer, and they wait inside the library.
constexpr int kAccepting = 512;

PlaceOrderResponse CreatePlaced() {
  PlaceOrderResponse response;
  auto* order = response.mutable_order();
  order->set_id("0198c0de-7a10-7000-8000-000000004711");
  order->set_customer_id("customer-4711");
  order->set_status(shop::order::v1::ORDER_STATUS_CONFIRMED);
  order->set_sequence(5);
  return response;
}

// One place for one call after the other.
class Place {
 public:
  Place(OrderService::AsyncService& service, grpc::ServerCompletionQueue& queue) : service_(service), queue_(queue) {
    Accept();
  }

  // What was asked of the library has happened.
  void Proceed(bool ok) {
    if (!ok) return;
    if (is_answered_) {
      Accept();
      return;
    }
    static const PlaceOrderResponse placed = CreatePlaced();
    is_answered_ = true;
    call_->writer.Finish(placed, grpc::Status::OK, this);
  }

 private:
  struct Call {
    grpc::ServerContext context;
    PlaceOrderRequest request;
    grpc::ServerAsyncResponseWriter<PlaceOrderResponse> writer{&context};
  };

  void Accept() {
    is_answered_ = false;
    call_ = std::make_unique<Call>();
    service_.RequestPlaceOrder(&call_->context, &call_->request, &call_->writer, &queue_, &queue_, this);
  }

  OrderService::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  std::unique_ptr<Call> call_;
  bool is_answered_ = false;
};

}  // namespace

int main() {
  OrderService::AsyncService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();

  std::thread serving([&] {
    std::vector<std::unique_ptr<Place>> places;
    for (int index = 0; index < kAccepting; index++) places.push_back(std::make_unique<Place>(service, *queue));
    void* tag = nullptr;
    for (bool ok = false; queue->Next(&tag, &ok);) static_cast<Place*>(tag)->Proceed(ok);
  });

  Answer({
      {"port", [&](const Input&) { return std::to_string(port); }},
      {"cpu",
       [](const Input&) {
         const Cpu cpu = ReadCpu();
         return "{\"user\":" + std::to_string(cpu.user) + ",\"system\":" + std::to_string(cpu.system) + "}";
       }},
  });
  server->Shutdown(std::chrono::system_clock::now());
  queue->Shutdown();
  serving.join();
}
