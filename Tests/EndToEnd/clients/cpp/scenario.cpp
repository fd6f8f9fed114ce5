// What a C++ program does with Larder, step by step; says each step that went well.
//
//     scenario HOST:PORT

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "larder/v1/cache.grpc.pb.h"

namespace v1 = larder::v1;

namespace {

constexpr int kLoaded = 1000;

void Check(bool held, const std::string& what) {
  if (held) return;
  std::cerr << "failed: " << what << std::endl;
  std::exit(1);
}

void Check(const grpc::Status& status, const std::string& what) {
  Check(status.ok(), what + ": " + std::to_string(status.error_code()) + " " + status.error_message());
}

// A call's context with a deadline, so that nothing waits for ever.
struct Call : grpc::ClientContext {
  Call() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20)); }
};

std::string Key(int index) { return "cpp-" + std::to_string(index); }

void SetAndGet(v1::CacheService::Stub& stub, const std::string& key, const std::string& value, bool gzip) {
  v1::SetRequest set;
  set.set_key(key);
  set.set_value(value);
  v1::SetResponse stored;
  Call setting;
  if (gzip) setting.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  Check(stub.Set(&setting, set, &stored), "Set");
  Check(stored.outcome() == v1::SET_OUTCOME_STORED, "the value is stored");
  v1::GetRequest get;
  get.set_key(key);
  v1::GetResponse got;
  Call getting;
  Check(stub.Get(&getting, get, &got), "Get");
  Check(got.value() == value, "the value comes back");
}

void Load(v1::CacheService::Stub& stub) {
  Call call;
  auto stream = stub.BulkLoad(&call);
  v1::BulkLoadRequest start;
  start.mutable_start()->set_ack_every(100);
  Check(stream->Write(start), "the load begins");
  for (int first = 0; first < kLoaded; first += 100) {
    v1::BulkLoadRequest request;
    request.mutable_batch()->set_first_index(first);
    for (int index = first; index < first + 100; ++index) {
      auto* entry = request.mutable_batch()->add_entries();
      entry->set_key(Key(index));
      entry->set_value(std::string(4096, static_cast<char>('a' + index % 26)));
    }
    Check(stream->Write(request), "a batch is sent");
  }
  stream->WritesDone();
  v1::BulkLoadResponse last;
  while (stream->Read(&last)) {}
  Check(stream->Finish(), "BulkLoad");
  Check(last.done() && last.stored() == kLoaded, "all entries are stored");
}

v1::ExportRequest Loaded() {
  v1::ExportRequest request;
  request.set_key_prefix("cpp-");
  return request;
}

void Export(v1::CacheService::Stub& stub) {
  Call call;
  auto stream = stub.Export(&call, Loaded());
  std::set<std::string> keys;
  v1::ExportResponse part;
  while (stream->Read(&part)) {
    for (const auto& entry : part.entries()) keys.insert(entry.key());
  }
  Check(stream->Finish(), "Export");
  Check(keys.size() == kLoaded, "all entries are exported");
}

void TooLongAKey(v1::CacheService::Stub& stub) {
  v1::GetRequest get;
  get.set_key(std::string(2000, 'k'));
  v1::GetResponse got;
  Call call;
  grpc::Status status = stub.Get(&call, get, &got);
  Check(status.error_code() == grpc::StatusCode::INVALID_ARGUMENT, "a key that is too long is refused");
  Check(status.error_message().find("1024") != std::string::npos, "the refusal names the limit");
  Check(!status.error_details().empty(), "the refusal has details");
}

void Cancel(v1::CacheService::Stub& stub) {
  Call call;
  auto stream = stub.Export(&call, Loaded());
  v1::ExportResponse part;
  Check(stream->Read(&part), "the export begins");
  call.TryCancel();
  while (stream->Read(&part)) {}
  Check(stream->Finish().error_code() == grpc::StatusCode::CANCELLED, "the export is cancelled");
}

}  // namespace

int main(int argc, char** argv) {
  Check(argc == 2, "usage: scenario HOST:PORT");
  auto stub = v1::CacheService::NewStub(grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  SetAndGet(*stub, "large", std::string(1 << 20, '\xab'), false);
  std::cout << "value" << std::endl;
  Load(*stub);
  std::cout << "load" << std::endl;
  Export(*stub);
  std::cout << "export" << std::endl;
  TooLongAKey(*stub);
  std::cout << "error" << std::endl;
  Cancel(*stub);
  std::cout << "cancel" << std::endl;
  SetAndGet(*stub, "packed", std::string(100000, 'g'), true);
  std::cout << "gzip" << std::endl;
}
