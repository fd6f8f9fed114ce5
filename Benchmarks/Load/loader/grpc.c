/* gRPC over HTTP/2: larder.v1.CacheService through nghttp2, messages encoded by hand. */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader.h"

/* Longer frames than usual, as gRPC's C core asks for once it has seen bandwidth. */
enum { STREAM_WINDOW = 16 << 20, CONNECTION_WINDOW = 256 << 20, FRAME_SIZE = 1 << 20, PREFIX_SIZE = 5 };

/* Of one key: as it stands in a GetRequest, in a BatchGetRequest, and as an operation that also
 * has an id of at most 1000. */
enum { GET_SIZE = 2 + KEY_SIZE, OPERATION_MAX = 2 + 3 + 2 + GET_SIZE };

static size_t put_varint(uint8_t *out, uint64_t value) {
  size_t n = 0;
  for (; value >= 0x80; value >>= 7) out[n++] = (uint8_t)value | 0x80;
  out[n++] = (uint8_t)value;
  return n;
}

static size_t varint_size(uint64_t value) {
  uint8_t scratch[10];
  return put_varint(scratch, value);
}

/* gRPC's prefix: not compressed, then the length. */
static size_t put_prefix(uint8_t *out, uint64_t length) {
  out[0] = 0;
  for (int i = 1; i <= 4; i++) out[i] = (uint8_t)(length >> (32 - 8 * i));
  return PREFIX_SIZE;
}

/* A key as field `number`. */
static size_t put_key(uint8_t *out, int number, uint64_t key) {
  out[0] = (uint8_t)(number << 3 | 2);
  out[1] = KEY_SIZE;
  key_of(key, out + 2);
  return GET_SIZE;
}

/* GetRequest { key } or SetRequest { key, value = 15 }: all but the value's bytes. */
static void start_single(struct request *r) {
  uint64_t size = r->set ? value_size(r->number) : 0;
  size_t n = put_prefix(r->head, GET_SIZE + (r->set ? 1 + varint_size(size) + size : 0));
  n += put_key(r->head + n, 1, r->number);
  if (r->set) {
    r->head[n++] = 15 << 3 | 2;
    n += put_varint(r->head + n, size);
  }
  r->head_size = n;
  r->value_size = size;
  r->tail_size = r->sent = 0;
}

/* BatchGetRequest { repeated keys = 2 }, or PipelineRequest { repeated operations = 1 } with
 * Operation { id = 1, get = 2 }. All of it is the request's tail. */
static void start_many(struct connection *c, struct request *r) {
  if (!r->message) {
    r->message = malloc(PREFIX_SIZE + (size_t)opt.batch * OPERATION_MAX);
    r->numbers = malloc((size_t)opt.batch * sizeof *r->numbers);
  }
  size_t n = PREFIX_SIZE;
  for (int i = 0; i < opt.batch; i++) {
    uint64_t number = i == 0 ? r->number : next_number(c);
    r->numbers[i] = (uint32_t)number;
    if (opt.mode == MODE_BATCH) {
      n += put_key(r->message + n, 2, number);
      continue;
    }
    size_t id_size = 1 + varint_size((uint64_t)i + 1);
    r->message[n++] = 1 << 3 | 2;
    r->message[n++] = (uint8_t)(id_size + 2 + GET_SIZE);
    r->message[n++] = 1 << 3;
    n += put_varint(r->message + n, (uint64_t)i + 1);
    r->message[n++] = 2 << 3 | 2;
    r->message[n++] = GET_SIZE;
    n += put_key(r->message + n, 1, number);
  }
  put_prefix(r->message, n - PREFIX_SIZE);
  r->head_size = r->value_size = r->sent = 0;
  r->tail = (const char *)r->message;
  r->tail_size = n;
}

/* The value of a hit is the end of the message, whose length its prefix tells. */
static void check_reply(struct request *r, const uint8_t *data, size_t length) {
  uint64_t size = value_size(r->number), at = r->received;
  for (; length && at < PREFIX_SIZE; at++, data++, length--) r->prefix[at] = *data;
  if (!length) return;
  uint64_t message = 0;
  for (int i = 1; i < PREFIX_SIZE; i++) message = message << 8 | r->prefix[i];
  uint64_t value_at = PREFIX_SIZE + message - size;
  if (message < size) return;
  uint64_t skipped = at < value_at ? value_at - at : 0;
  if (skipped >= length) return;
  uint64_t done = at + skipped - value_at, n = length - skipped;
  r->mismatch |= done + n > size || memcmp(data + skipped, value_of(r->number) + done, n) != 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *context) {
  (void)session, (void)stream, (void)context;
  struct request *r = source->ptr;
  size_t filled = 0;
  for (size_t n = 1; n && filled < room; filled += n) n = copy_message(r, out + filled, room - filled);
  bool whole = r->sent == r->head_size + r->value_size + r->tail_size;
  if (whole && opt.mode != MODE_PIPELINE) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return filled == 0 && opt.mode == MODE_PIPELINE ? NGHTTP2_ERR_DEFERRED : (ssize_t)filled;
}

#define HEADER(name, value)                                                    \
  {(uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, \
   NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}
/* The last field is there with deadlines only. */
#define CALL(method)                                                                      \
  {HEADER(":method", "POST"), HEADER(":scheme", "http"),                                  \
   HEADER(":path", "/larder.v1.CacheService/" method), HEADER(":authority", "127.0.0.1"), \
   HEADER("content-type", "application/grpc"), HEADER("te", "trailers"),                      \
   HEADER("grpc-timeout", "")}
enum { CALL_HEADERS = 6, TIMEOUT_MAX = 16 };
static const nghttp2_nv get_call[] = CALL("Get"), set_call[] = CALL("Set"), batch_call[] = CALL("BatchGet"),
                        pipeline_call[] = CALL("Pipeline");

/* What is left of ten seconds when a call is made differs each time. */
static nghttp2_nv timeout_field(const nghttp2_nv *model, char text[TIMEOUT_MAX]) {
  static _Thread_local uint64_t drawn;
  drawn = mix64(drawn + 1);
  nghttp2_nv field = *model;
  field.value = (uint8_t *)text;
  field.valuelen = (size_t)snprintf(text, TIMEOUT_MAX, "%uu", 9990000 + (unsigned)(drawn % 10000));
  field.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
  if (opt.deadlines == DEADLINES_LITERAL) field.flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  return field;
}

static void submit(struct connection *c, struct request *r) {
  r->ok = false; /* until grpc-status says otherwise */
  const nghttp2_nv *call = r->set ? set_call : get_call;
  if (opt.mode == MODE_BATCH) call = batch_call;
  if (opt.mode == MODE_PIPELINE) call = pipeline_call;
  opt.mode >= MODE_BATCH ? start_many(c, r) : start_single(r);
  if (opt.file) {
    const nghttp2_nv get_file[] = {HEADER(":method", "GET"), HEADER(":scheme", "http"),
                                   {(uint8_t *)":path", (uint8_t *)opt.file, 5, strlen(opt.file), NGHTTP2_NV_FLAG_NONE},
                                   HEADER(":authority", "127.0.0.1")};
    int32_t id = nghttp2_submit_request(c->state, NULL, get_file, 4, NULL, r);
    if (id < 0) die(nghttp2_strerror(id));
    return;
  }
  if (r->stream) {
    nghttp2_session_resume_data(c->state, r->stream);
    return;
  }
  nghttp2_data_provider body = {.source.ptr = r, .read_callback = read_body};
  nghttp2_nv fields[CALL_HEADERS + 1];
  char timeout[TIMEOUT_MAX];
  if (opt.deadlines != DEADLINES_NONE) {
    memcpy(fields, call, sizeof fields);
    fields[CALL_HEADERS] = timeout_field(&call[CALL_HEADERS], timeout);
    call = fields;
  }
  size_t count = CALL_HEADERS + (opt.deadlines != DEADLINES_NONE);
  int32_t id = nghttp2_submit_request(c->state, NULL, call, count, &body, r);
  if (id < 0) die(nghttp2_strerror(id));
  if (opt.mode == MODE_PIPELINE) r->stream = id;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                     const uint8_t *value, size_t value_length, uint8_t flags, void *context) {
  (void)flags, (void)context;
  static const char status[] = "grpc-status";
  if (opt.file) {
    struct request *r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (r && name_length == 7 && memcmp(name, ":status", 7) == 0) r->ok = value_length == 3 && memcmp(value, "200", 3) == 0;
    return 0;
  }
  if (name_length != sizeof status - 1 || memcmp(name, status, sizeof status - 1) != 0) return 0;
  struct request *r = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!r) return 0;
  r->ok = value_length == 1 && *value == '0';
  if (!r->ok) fprintf(stderr, "loader: grpc-status %.*s\n", (int)value_length, value);
  return 0;
}

/* A message of a Pipeline ends a request: every operation of it is answered in one. */
static void take_pipelined(struct connection *c, struct request *r, const uint8_t *data, size_t length) {
  for (; length && r->received < PREFIX_SIZE; data++, length--) r->prefix[r->received++] = *data;
  r->received += length;
  if (r->received < PREFIX_SIZE) return;
  uint64_t message = 0, values = 0;
  for (int i = 1; i < PREFIX_SIZE; i++) message = message << 8 | r->prefix[i];
  if (r->received < PREFIX_SIZE + message) return;
  for (int i = 0; i < opt.batch; i++) values += value_size(r->numbers[i]);
  r->ok = r->received == PREFIX_SIZE + message;
  complete(c, r, message > values);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t length,
                   void *context) {
  (void)flags;
  struct request *r = nghttp2_session_get_stream_user_data(session, stream);
  if (!r) return 0;
  if (opt.mode == MODE_PIPELINE) {
    take_pipelined(context, r, data, length);
    return 0;
  }
  if (opt.verify && !r->set && opt.mode == MODE_MIX) check_reply(r, data, length);
  r->received += length;
  return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error, void *context) {
  struct request *r = nghttp2_session_get_stream_user_data(session, stream);
  if (!r) return 0;
  if (opt.mode == MODE_PIPELINE) die("the server ended a Pipeline");
  if (error) r->ok = false;
  uint64_t values = 0;
  if (opt.mode == MODE_BATCH) {
    for (int i = 0; i < opt.batch; i++) values += value_size(r->numbers[i]);
  } else {
    values = value_size(r->number);
  }
  complete(context, r, opt.file ? r->received == values : r->received > values);
  return 0;
}

static void open_session(struct connection *c) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_option *option;
  nghttp2_option_new(&option);
  nghttp2_option_set_peer_max_concurrent_streams(option, (uint32_t)opt.streams);
  nghttp2_session *session;
  if (nghttp2_session_client_new2(&session, callbacks, c, option) != 0) die("nghttp2 session");
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
                                             {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, FRAME_SIZE}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 3);
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
  c->state = session;
}

static size_t produce(struct connection *c, uint8_t *out, size_t room) {
  (void)room; /* a frame is at most 16 KiB and 9 bytes: less than the room always given */
  const uint8_t *data;
  ssize_t n = nghttp2_session_mem_send(c->state, &data);
  if (n < 0) die(nghttp2_strerror((int)n));
  memcpy(out, data, (size_t)n);
  return (size_t)n;
}

static void consume(struct connection *c, const uint8_t *in, size_t length) {
  ssize_t used = nghttp2_session_mem_recv(c->state, in, length);
  if (used < 0) die(nghttp2_strerror((int)used));
}

const struct protocol grpc_protocol = {"grpc", open_session, submit, produce, consume};
