/* The floor: as little as a gRPC server on nghttp2 can do.
 *
 *     floor PORT VALUE_BYTES
 *
 * C and epoll, one thread, unary Get of values that are there from the start under the keys
 * key-000000000000 and on. No cache, no limits, no statistics. Values over 1 KiB go out from where
 * they lie, one sendmsg for many streams' frames; nghttp2's memory comes from lists of free blocks. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  READ_SIZE = 256 << 10,
  ARENA_SIZE = 256 << 10,
  PENDING_MAX = 1 << 20,
  PARTS_MAX = 256,
  COPIED_MAX = 1024,
  FRAME_MAX = 17000,
  DATA_MAX = 128 << 10,
  KEY_SIZE = 16,
  REQUEST_SIZE = 5 + 2 + KEY_SIZE,
  BLOCK_CLASSES = 16,
};

/* ---- values: framed messages in an open table ------------------------------ */

struct value {
  uint32_t size;
  uint8_t bytes[];
};

static struct {
  uint8_t key[KEY_SIZE];
  struct value *value;
} *table;
static uint32_t table_mask;

static uint32_t slot_of(const uint8_t *key) {
  uint64_t a, b;
  memcpy(&a, key, 8);
  memcpy(&b, key + 8, 8);
  __uint128_t product = (__uint128_t)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xD6E8FEB86659FD93u);
  return (uint32_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & table_mask;
}

static struct value *find(const uint8_t *key) {
  for (uint32_t i = slot_of(key); table[i].value; i = (i + 1) & table_mask)
    if (memcmp(table[i].key, key, KEY_SIZE) == 0) return table[i].value;
  return NULL;
}

static uint8_t *put_varint(uint8_t *out, uint32_t number) {
  for (; number > 127; number >>= 7) *out++ = (uint8_t)(number | 128);
  *out++ = (uint8_t)number;
  return out;
}

/* GetResponse { outcome = HIT, value_bytes, value } behind its prefix. */
static struct value *make_value(uint32_t size, int fill) {
  struct value *value = malloc(sizeof *value + 32 + size);
  uint8_t *at = value->bytes + 5;
  *at++ = 1 << 3;
  *at++ = 1;
  *at++ = 5 << 3;
  at = put_varint(at, size);
  *at++ = 15 << 3 | 2;
  at = put_varint(at, size);
  memset(at, fill, size);
  value->size = (uint32_t)(at - value->bytes) + size;
  value->bytes[0] = 0;
  uint32_t length = htonl(value->size - 5);
  memcpy(value->bytes + 1, &length, 4);
  return value;
}

static void fill_table(uint32_t size) {
  int count = size >= 1 << 20 ? 64 : 1024;
  table_mask = 4095;
  table = calloc(table_mask + 1, sizeof *table);
  for (int i = 0; i < count; i++) {
    char key[KEY_SIZE + 1];
    snprintf(key, sizeof key, "key-%012d", i);
    uint32_t slot = slot_of((uint8_t *)key);
    while (table[slot].value) slot = (slot + 1) & table_mask;
    memcpy(table[slot].key, key, KEY_SIZE);
    table[slot].value = make_value(size, 'a' + i % 26);
  }
}

/* ---- memory for nghttp2: a list of free blocks for each 64 bytes of size ----- */

static void *free_blocks[BLOCK_CLASSES];

static void *block_malloc(size_t size, void *context) {
  (void)context;
  size_t class = (size + 8 + 63) >> 6;
  uint64_t *block;
  if (class >= BLOCK_CLASSES) {
    class = 0;
    block = malloc(size + 8);
  } else if ((block = free_blocks[class])) {
    free_blocks[class] = *(void **)block;
  } else {
    block = malloc(class << 6);
  }
  *block = class;
  return block + 1;
}

static void block_free(void *memory, void *context) {
  (void)context;
  if (!memory) return;
  uint64_t *block = (uint64_t *)memory - 1, class = *block;
  if (class == 0) {
    free(block);
    return;
  }
  *(void **)block = free_blocks[class];
  free_blocks[class] = block;
}

static void *block_calloc(size_t count, size_t size, void *context) {
  return memset(block_malloc(count * size, context), 0, count * size);
}

static void *block_realloc(void *memory, size_t size, void *context) {
  if (!memory) return block_malloc(size, context);
  uint64_t *block = (uint64_t *)memory - 1, class = *block;
  if (class == 0) return (uint64_t *)realloc(block, size + 8) + 1;
  if (size + 8 <= class << 6) return memory;
  void *larger = block_malloc(size, context);
  memcpy(larger, memory, (class << 6) - 8);
  block_free(memory, context);
  return larger;
}

static nghttp2_mem memory = {NULL, block_malloc, block_free, block_calloc, block_realloc};

/* ---- output: gathered, then written at once ---------------------------------- */

struct stream {
  struct stream *next_free;
  struct value *value;
  uint32_t sent;
  uint16_t body_size;
  uint8_t body[64];
};

struct connection {
  nghttp2_session *session;
  int fd;
  /* What the socket did not take: the parts, and a copy of those that lay in the arena. */
  struct iovec *left;
  uint8_t *left_bytes;
  int left_count, left_start;
};

static uint8_t arena[ARENA_SIZE];
static struct iovec parts[PARTS_MAX];
static int part_count;
static size_t arena_used, pending;
static struct stream *free_streams;
static int poller;

static int has_room(void) {
  return part_count < PARTS_MAX - 3 && arena_used + FRAME_MAX + COPIED_MAX < ARENA_SIZE && pending < PENDING_MAX;
}

static void put_copy(const void *bytes, size_t size) {
  uint8_t *at = memcpy(arena + arena_used, bytes, size);
  struct iovec *last = part_count ? &parts[part_count - 1] : NULL;
  arena_used += size;
  pending += size;
  if (last && (uint8_t *)last->iov_base + last->iov_len == at) last->iov_len += size;
  else parts[part_count++] = (struct iovec){at, size};
}

static void put_reference(const void *bytes, size_t size) {
  parts[part_count++] = (struct iovec){(void *)bytes, size};
  pending += size;
}

/* 1: all is written, 0: the socket is full, -1: it is broken. `start` is moved on. */
static int write_parts(int fd, struct iovec *list, int *start, int count) {
  while (*start < count) {
    struct msghdr message = {.msg_iov = list + *start, .msg_iovlen = (size_t)(count - *start)};
    ssize_t written = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN ? 0 : -1;
    size_t left = (size_t)written;
    while (*start < count && left >= list[*start].iov_len) left -= list[(*start)++].iov_len;
    if (left) {
      list[*start].iov_base = (uint8_t *)list[*start].iov_base + left;
      list[*start].iov_len -= left;
    }
  }
  return 1;
}

static int is_in_arena(const struct iovec *part) {
  const uint8_t *at = part->iov_base;
  return at >= arena && at < arena + ARENA_SIZE;
}

static void keep_left(struct connection *c, int start) {
  size_t copied = 0;
  for (int i = start; i < part_count; i++)
    if (is_in_arena(&parts[i])) copied += parts[i].iov_len;
  uint8_t *at = c->left_bytes = malloc(copied + 1);
  c->left_count = part_count - start;
  c->left_start = 0;
  c->left = malloc(sizeof *c->left * (size_t)c->left_count);
  for (int i = 0; i < c->left_count; i++) {
    c->left[i] = parts[start + i];
    if (!is_in_arena(&c->left[i])) continue;
    c->left[i].iov_base = memcpy(at, c->left[i].iov_base, c->left[i].iov_len);
    at += c->left[i].iov_len;
  }
}

static void drop_left(struct connection *c) {
  free(c->left);
  free(c->left_bytes);
  c->left = NULL;
  c->left_bytes = NULL;
}

static int flush(struct connection *c) {
  int start = 0, result = write_parts(c->fd, parts, &start, part_count);
  if (result == 0) keep_left(c, start);
  part_count = 0;
  arena_used = pending = 0;
  return result;
}

static int drain(struct connection *c) {
  if (c->left) {
    int result = write_parts(c->fd, c->left, &c->left_start, c->left_count);
    if (result <= 0) return result;
    drop_left(c);
  }
  for (;;) {
    const uint8_t *bytes;
    ssize_t size = nghttp2_session_mem_send(c->session, &bytes);
    if (size < 0) return -1;
    /* 0: all is framed, or there was no room for a frame. */
    if (size == 0 && part_count == 0) return 1;
    if (size > 0) put_copy(bytes, (size_t)size);
    if (size > 0 && has_room()) continue;
    int result = flush(c);
    if (result <= 0) return result;
  }
}

/* ---- calls ------------------------------------------------------------------ */

#define HEADER(name, value)                                                    \
  {(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, \
   NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}
static const nghttp2_nv headers[] = {HEADER(":status", "200"), HEADER("content-type", "application/grpc")};
static const nghttp2_nv trailers[] = {HEADER("grpc-status", "0")};
static const nghttp2_nv refusal[] = {HEADER(":status", "200"), HEADER("content-type", "application/grpc"),
                                     HEADER("grpc-status", "5")};

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
  (void)context;
  struct stream *stream = free_streams;
  if (stream) free_streams = stream->next_free;
  else stream = malloc(sizeof *stream);
  stream->value = NULL;
  stream->sent = 0;
  stream->body_size = 0;
  nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
  return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t size, void *context) {
  (void)flags, (void)context;
  struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
  if (!stream || stream->body_size + size > sizeof stream->body) return 0;
  memcpy(stream->body + stream->body_size, data, size);
  stream->body_size = (uint16_t)(stream->body_size + size);
  return 0;
}

/* As much as the client takes in a frame, within reason. */
static ssize_t frame_size(nghttp2_session *session, uint8_t type, int32_t id, int32_t connection_window,
                          int32_t stream_window, uint32_t frame_max, void *context) {
  (void)session, (void)type, (void)id, (void)connection_window, (void)stream_window, (void)context;
  return frame_max < DATA_MAX ? frame_max : DATA_MAX;
}

static ssize_t read_value(nghttp2_session *session, int32_t id, uint8_t *out, size_t room, uint32_t *flags,
                          nghttp2_data_source *source, void *context) {
  (void)out, (void)context;
  struct stream *stream = source->ptr;
  size_t left = stream->value->size - stream->sent, size = left < room ? left : room;
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (size == left) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(session, id, trailers, 1) != 0) return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  return (ssize_t)size;
}

static int send_value(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t size,
                      nghttp2_data_source *source, void *context) {
  (void)session, (void)frame, (void)context;
  struct stream *stream = source->ptr;
  if (!has_room()) return NGHTTP2_ERR_WOULDBLOCK;
  put_copy(head, 9);
  const uint8_t *bytes = stream->value->bytes + stream->sent;
  size <= COPIED_MAX ? put_copy(bytes, size) : put_reference(bytes, size);
  stream->sent += (uint32_t)size;
  return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context) {
  (void)context;
  int is_request = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (!is_request || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  struct stream *stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!stream) return 0;
  if (stream->body_size == REQUEST_SIZE) stream->value = find(stream->body + 7);
  if (!stream->value) return nghttp2_submit_response(session, frame->hd.stream_id, refusal, 3, NULL);
  nghttp2_data_provider body = {.source.ptr = stream, .read_callback = read_value};
  return nghttp2_submit_response(session, frame->hd.stream_id, headers, 2, &body);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *context) {
  (void)code, (void)context;
  struct stream *stream = nghttp2_session_get_stream_user_data(session, id);
  if (!stream) return 0;
  stream->next_free = free_streams;
  free_streams = stream;
  return 0;
}

/* ---- connections ------------------------------------------------------------ */

static nghttp2_session_callbacks *callbacks;

static void close_connection(struct connection *c) {
  close(c->fd);
  nghttp2_session_del(c->session);
  drop_left(c);
  free(c);
}

static void accept_all(int listener) {
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    nghttp2_session_server_new3(&c->session, callbacks, c, NULL, &memory);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1024},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20},
                                               {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1}};
    nghttp2_submit_settings(c->session, 0, settings, 3);
    nghttp2_session_set_local_window_size(c->session, 0, 0, 16 << 20);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    if (drain(c) < 0) close_connection(c);
  }
}

/* False: the connection is over. */
static int read_all(struct connection *c) {
  static uint8_t bytes[READ_SIZE];
  for (;;) {
    ssize_t size = recv(c->fd, bytes, sizeof bytes, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    if (size == 0 || nghttp2_session_mem_recv(c->session, bytes, (size_t)size) < 0) return 0;
    /* Edge triggered: a short read has emptied the socket. */
    if (size < READ_SIZE) return 1;
    if (drain(c) < 0) return 0;
  }
}

static void serve(struct connection *c, uint32_t events) {
  int goes_on = !(events & ~(uint32_t)EPOLLOUT) || read_all(c);
  goes_on = goes_on && drain(c) >= 0;
  if (!goes_on || (!nghttp2_session_want_read(c->session) && !nghttp2_session_want_write(c->session)))
    close_connection(c);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "floor PORT VALUE_BYTES\n"), 2;
  fill_table((uint32_t)atoi(argv[2]));
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, send_value);
  nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, frame_size);

  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void *)&address, sizeof address) != 0 || listen(listener, 1024) != 0)
    return perror("floor"), 1;
  poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int count = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr) serve(events[i].data.ptr, events[i].events);
      else accept_all(listener);
    }
  }
}
