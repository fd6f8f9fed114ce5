// Get and Set of larder.v1.CacheService on gRPC C++ (callback API), over a sharded flat hash map:
// what the usual gRPC stack costs for the same messages. Started with the port.
#include <absl/container/flat_hash_map.h>
#include <absl/synchronization/mutex.h>
#include <grpcpp/grpcpp.h>

#include <array>
#include <cstdio>
#include <string>

#include "larder/v1/cache.grpc.pb.h"

using namespace larder::v1;

namespace {

struct Item {
  std::string value;
  uint64_t version = 0;
};

struct alignas(64) Shard {
  absl::Mutex mutex;
  absl::flat_hash_map<std::string, Item> items;
  uint64_t versions = 0;
};

std::array<Shard, 64> shards;

Shard& ShardOf(const std::string& key) { return shards[absl::Hash<std::string>{}(key) >> 58]; }

class Service final : public CacheService::CallbackService {
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const GetRequest* request,
                                GetResponse* response) override {
    Shard& shard = ShardOf(request->key());
    {
      absl::ReaderMutexLock lock(&shard.mutex);
      auto found = shard.items.find(request->key());
      if (found == shard.items.end()) {
        response->set_outcome(GET_OUTCOME_MISS);
      } else {
        response->set_outcome(GET_OUTCOME_HIT);
        response->set_version(found->second.version);
        response->set_value_bytes(found->second.value.size());
        response->set_value(found->second.value);
      }
    }
    return Finish(context);
  }

  grpc::ServerUnaryReactor* Set(grpc::CallbackServerContext* context, const SetRequest* request,
                                SetResponse* response) override {
    std::string value = std::move(*const_cast<SetRequest*>(request)->mutable_value());
    Shard& shard = ShardOf(request->key());
    {
      absl::MutexLock lock(&shard.mutex);
      Item& item = shard.items[request->key()];
      item.value.swap(value);
      item.version = ++shard.versions;
      response->set_version(item.version);
    }
    response->set_outcome(SET_OUTCOME_STORED);
    return Finish(context);
  }

  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "grpc_cpp PORT\n"), 2;
  Service service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], grpc::InsecureServerCredentials());
  builder.SetMaxReceiveMessageSize(8 << 20);
  builder.RegisterService(&service);
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  server->Wait();
}
