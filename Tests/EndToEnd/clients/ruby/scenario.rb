# What a Ruby program does with Larder, step by step; says each step that went well.
#
#     ruby -I GENERATED scenario.rb HOST:PORT

require "grpc"
require "larder/v1/cache_services_pb"

V1 = Larder::V1
LOADED = 1000

def check(held, what)
  abort "failed: #{what}" unless held
end

def stub(address, channel_args = {})
  V1::CacheService::Stub.new(address, :this_channel_is_insecure, channel_args: channel_args, timeout: 20)
end

def set_and_get(stub, key, value)
  stored = stub.set(V1::SetRequest.new(key: key, value: value))
  check stored.outcome == :SET_OUTCOME_STORED, "the value is stored"
  check stub.get(V1::GetRequest.new(key: key)).value == value.b, "the value comes back"
end

address = ARGV.fetch(0)
larder = stub(address)

set_and_get(larder, "large", "\xAB".b * (1 << 20))
puts "value"

requests = [V1::BulkLoadRequest.new(start: V1::BulkLoadStart.new(ack_every: 100))]
(0...LOADED).each_slice(100) do |indices|
  entries = indices.map { |i| V1::Entry.new(key: "ruby-#{i}", value: ("a".ord + i % 26).chr * 4096) }
  requests << V1::BulkLoadRequest.new(batch: V1::EntryBatch.new(first_index: indices.first, entries: entries))
end
last = larder.bulk_load(requests).to_a.last
check last.done && last.stored == LOADED, "all entries are stored"
puts "load"

loaded = V1::ExportRequest.new(key_prefix: "ruby-")
keys = larder.export(loaded).flat_map { |part| part.entries.map(&:key) }
check keys.uniq.size == LOADED, "all entries are exported"
puts "export"

begin
  larder.get(V1::GetRequest.new(key: "k" * 2000))
  check false, "a key that is too long is refused"
rescue GRPC::InvalidArgument => error
  check error.details.include?("1024"), "the refusal names the limit"
  check error.metadata.key?("grpc-status-details-bin"), "the refusal has details"
end
puts "error"

begin
  call = larder.export(loaded, return_op: true)
  call.execute.each { call.cancel }
  check false, "the export is cancelled"
rescue GRPC::Cancelled
  puts "cancel"
end

gzip = GRPC::Core::CompressionOptions.new(default_algorithm: :gzip)
set_and_get(stub(address, gzip.to_channel_arg_hash), "packed", "g" * 100_000)
puts "gzip"
