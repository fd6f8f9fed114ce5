/* What the loader's parts share: options, the data set, requests, and the
 * interface of a wire protocol. */
#ifndef LOADER_H
#define LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_SIZE = 16, HEAD_MAX = 96, BATCH_MAX = 1000 };

/* A mix of single Gets and Sets, one Set of every key, many Gets a request, many a message. */
enum mode { MODE_MIX, MODE_FILL, MODE_BATCH, MODE_PIPELINE };

/* Whether calls have a deadline, another one each time, and whether it is added to HPACK's table. */
enum deadlines { DEADLINES_NONE, DEADLINES_LITERAL, DEADLINES_INDEXED };

struct options {
  const char *host, *label, *file;
  const struct protocol *protocol;
  int port, threads, connections, streams, pid, batch;
  enum mode mode;
  enum deadlines deadlines;
  double seconds, warmup, get_percent, theta, rate;
  bool poisson, verify, header, plain_keys, print_mean, tls;
  uint64_t keys, value_min, value_max;
};
extern struct options opt;

_Noreturn void die(const char *what);
uint64_t mix64(uint64_t x);

/* The data set: a key, its value and the value's size follow from a number. */
void key_of(uint64_t number, uint8_t out[KEY_SIZE]);
uint64_t value_size(uint64_t number);
const uint8_t *value_of(uint64_t number);

/* One request, from the moment it is handed to a protocol until `complete`. */
struct request {
  struct request *next; /* in the connection's list of free or of waiting requests */
  uint64_t start;       /* ns: when it was due */
  uint64_t number;      /* its key */
  bool set;
  /* Outgoing: head, then the value, then a tail; `sent` counts over all three. */
  uint8_t head[HEAD_MAX];
  const char *tail;
  uint64_t head_size, value_size, tail_size, sent;
  /* Incoming: bytes of value or of body seen, and whether they were wrong. */
  uint64_t received;
  bool ok, mismatch;
  /* Of a request for many keys: its numbers, its message, and the stream it stays on. */
  uint32_t *numbers;
  uint8_t *message, prefix[5];
  int32_t stream;
};

struct connection {
  void *state; /* the protocol's own */
  struct ssl_st *tls; /* with TLS */
  struct worker *worker;
  struct request *free;
  int fd;
  bool want_write;
  size_t out_start, out_end;
  uint8_t *out;
};

/* A wire protocol. `produce` writes up to `room` bytes of output and returns
 * how many; `consume` takes input and calls `complete` for each finished reply. */
struct protocol {
  const char *name;
  void (*open)(struct connection *c);
  void (*submit)(struct connection *c, struct request *r);
  size_t (*produce)(struct connection *c, uint8_t *out, size_t room);
  void (*consume)(struct connection *c, const uint8_t *in, size_t length);
};
extern const struct protocol grpc_protocol, resp_protocol, meta_protocol;

/* The number of a key that the mix would ask for next. */
uint64_t next_number(struct connection *c);

/* Called by protocols: the reply has arrived. `hit` says whether a Get found its key. */
void complete(struct connection *c, struct request *r, bool hit);

/* Copies the next bytes of a request's message; returns how many, 0 at its end. */
size_t copy_message(struct request *r, uint8_t *out, size_t room);

#endif
