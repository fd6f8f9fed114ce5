// Get and Set of larder.v1.CacheService on grpc-go, over a hash map in parts: what the usual gRPC
// stack costs in Go for the same messages. Started with the port and the number of processors.
package main

import (
	"context"
	"fmt"
	"hash/maphash"
	"log"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/proto"

	larder "larder/v1"
)

type item struct {
	value   []byte
	version uint64
}

type shard struct {
	sync.RWMutex
	items map[string]item
}

type service struct {
	larder.UnimplementedCacheServiceServer
	seed   maphash.Seed
	shards [64]shard
}

func (s *service) shardOf(key []byte) *shard {
	var hash maphash.Hash
	hash.SetSeed(s.seed)
	hash.Write(key)
	return &s.shards[hash.Sum64()>>58]
}

func (s *service) Get(_ context.Context, request *larder.GetRequest) (*larder.GetResponse, error) {
	shard := s.shardOf(request.Key)
	shard.RLock()
	found, exists := shard.items[string(request.Key)]
	shard.RUnlock()
	if !exists {
		return &larder.GetResponse{Outcome: larder.GetOutcome_GET_OUTCOME_MISS}, nil
	}
	return &larder.GetResponse{
		Outcome: larder.GetOutcome_GET_OUTCOME_HIT, Version: found.version,
		ValueBytes: uint64(len(found.value)), Value: found.value,
	}, nil
}

func (s *service) Set(_ context.Context, request *larder.SetRequest) (*larder.SetResponse, error) {
	shard := s.shardOf(request.Key)
	shard.Lock()
	version := shard.items[string(request.Key)].version + 1
	shard.items[string(request.Key)] = item{request.Value, version}
	shard.Unlock()
	return &larder.SetResponse{Outcome: larder.SetOutcome_SET_OUTCOME_STORED, Version: version}, nil
}

// Debian's grpc-go brings the protobuf library before the one that its generator writes for.
type codec struct{}

func (codec) Name() string { return "proto" }
func (codec) Marshal(message interface{}) ([]byte, error) {
	return proto.Marshal(message.(proto.Message))
}
func (codec) Unmarshal(bytes []byte, into interface{}) error {
	return proto.Unmarshal(bytes, into.(proto.Message))
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "grpc_go PORT THREADS")
		os.Exit(2)
	}
	threads, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	runtime.GOMAXPROCS(threads)
	encoding.RegisterCodec(codec{})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	cache := &service{seed: maphash.MakeSeed()}
	for i := range cache.shards {
		cache.shards[i].items = map[string]item{}
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(8 << 20))
	larder.RegisterCacheServiceServer(server, cache)
	log.Fatal(server.Serve(listener))
}
