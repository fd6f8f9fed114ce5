/* loader: drives a cache server over gRPC (larder.v1), RESP or memcached's meta protocol.
 *
 * Each worker thread owns an epoll loop and its share of the connections.
 * Closed loop (default): every slot always has one request in flight.
 * Open loop (-r RATE): requests are due at set instants; latency counts from
 * the instant a request was due, so a stalled server cannot hide its queue.
 */
#define _GNU_SOURCE
#include "loader.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "tls.h"

enum { IDLE_NS = 100000000, SPIN_NS = 30000 };
enum { POOL_SIZE = 4 << 20, MAX_VALUE = 2 << 20, OUT_SIZE = 256 << 10, OUT_ROOM = 32 << 10, IN_SIZE = 256 << 10, DRAWS = 1 << 20 };

struct options opt = {.host = "127.0.0.1", .label = "", .protocol = &grpc_protocol, .port = 50051, .threads = 1,
                      .connections = 1, .streams = 1, .batch = 1, .seconds = 3, .warmup = 0.5, .get_percent = 100,
                      .keys = 10000, .value_min = 100, .value_max = 100};

void die(const char *what) {
  fprintf(stderr, "loader: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

static double unit(uint64_t bits) { return (double)(mix64(bits) >> 11) * 0x1p-53; }

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the data set --------------------------------------------------------- */

static uint8_t *pool;   /* random bytes that every value is a slice of */
static uint32_t *draws; /* pre-drawn key numbers, read as a ring */

void key_of(uint64_t number, uint8_t out[KEY_SIZE]) {
  static const char digits[] = "0123456789abcdef";
  if (opt.plain_keys) {
    char text[KEY_SIZE + 1];
    snprintf(text, sizeof text, "key-%012llu", (unsigned long long)number % 1000000000000u);
    memcpy(out, text, KEY_SIZE);
    return;
  }
  uint64_t bits = mix64(number);
  for (int i = 0; i < KEY_SIZE; i++, bits >>= 4) out[i] = (uint8_t)digits[bits & 15];
}

uint64_t value_size(uint64_t number) {
  if (opt.value_min == opt.value_max) return opt.value_min;
  return (uint64_t)((double)opt.value_min * pow((double)opt.value_max / (double)opt.value_min, unit(number ^ 0x517e)));
}

const uint8_t *value_of(uint64_t number) { return pool + mix64(number ^ 0xda7a) % (POOL_SIZE - MAX_VALUE); }

static void prepare_data(void) {
  pool = malloc(POOL_SIZE);
  for (uint64_t i = 0; i < POOL_SIZE / 8; i++) ((uint64_t *)pool)[i] = mix64(i);
  draws = malloc(DRAWS * sizeof *draws);
  double *cumulative = malloc(opt.keys * sizeof *cumulative), sum = 0;
  for (uint64_t i = 0; i < opt.keys; i++) cumulative[i] = sum += pow((double)(i + 1), -opt.theta);
  for (uint64_t i = 0; i < DRAWS; i++) {
    double point = unit(i ^ 0xd1a75u) * sum;
    uint64_t low = 0, high = opt.keys - 1;
    while (low < high) {
      uint64_t middle = (low + high) / 2;
      if (cumulative[middle] < point) low = middle + 1; else high = middle;
    }
    draws[i] = (uint32_t)low;
  }
  free(cumulative);
}

size_t copy_message(struct request *r, uint8_t *out, size_t room) {
  const struct { const uint8_t *bytes; uint64_t size; } parts[] = {
      {r->head, r->head_size}, {value_of(r->number), r->value_size}, {(const uint8_t *)r->tail, r->tail_size}};
  size_t copied = 0;
  uint64_t begin = 0;
  for (int i = 0; i < 3; begin += parts[i++].size) {
    if (r->sent >= begin + parts[i].size) continue;
    uint64_t offset = r->sent - begin, n = parts[i].size - offset;
    if (n > room - copied) n = room - copied;
    memcpy(out + copied, parts[i].bytes + offset, n);
    copied += n;
    r->sent += n;
  }
  return copied;
}

/* ---- workers -------------------------------------------------------------- */

struct worker {
  pthread_t thread;
  int epoll, index, connection_count;
  struct connection *connections;
  uint64_t draw;                   /* position in the ring of draws */
  uint64_t sequence, sequence_end; /* numbers left to fill or load */
  uint64_t due;                    /* when the next open-loop request is due */
  int turn;                        /* the connection it goes to */
  uint64_t in_flight, completed, completed_total, hits, misses, failed, mismatched, unfinished;
  struct histogram latency;
  double cpu;
  uint8_t *in;
};

static uint64_t time_start, time_measure, time_end; /* ns; a fill has no end */

uint64_t next_number(struct connection *c) { return draws[c->worker->draw++ % DRAWS]; }

static void submit(struct connection *c, uint64_t start) {
  struct worker *w = c->worker;
  struct request *r = c->free;
  c->free = r->next;
  if (opt.mode == MODE_FILL) {
    r->number = w->sequence++;
    r->set = true;
  } else {
    uint64_t at = w->draw;
    r->number = next_number(c);
    r->set = opt.get_percent < 100 && unit(at ^ (uint64_t)w->index << 56) * 100 >= opt.get_percent;
  }
  r->start = start;
  r->received = 0;
  r->ok = true;
  r->mismatch = false;
  w->in_flight++;
  opt.protocol->submit(c, r);
}

void complete(struct connection *c, struct request *r, bool hit) {
  struct worker *w = c->worker;
  uint64_t now = now_ns();
  if (!r->ok) w->failed++;
  if (!r->set) hit ? w->hits++ : w->misses++;
  if (r->mismatch) w->mismatched++;
  if (now >= time_measure && now < time_end) w->completed += (uint64_t)opt.batch;
  if (r->start >= time_measure) histogram_add(&w->latency, now - r->start);
  w->completed_total += (uint64_t)opt.batch;
  w->in_flight--;
  r->next = c->free;
  c->free = r;
}

static void flush(struct connection *c) {
  for (;;) {
    while (OUT_SIZE - c->out_end >= OUT_ROOM) {
      size_t n = opt.protocol->produce(c, c->out + c->out_end, OUT_SIZE - c->out_end);
      if (n == 0) break;
      c->out_end += n;
    }
    if (c->out_start == c->out_end) break;
    const uint8_t *out = c->out + c->out_start;
    size_t left = c->out_end - c->out_start;
    ssize_t n = c->tls ? tls_send(c->tls, out, left) : send(c->fd, out, left, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) die("send");
    if (n < 0) break;
    c->out_start += (size_t)n;
    if (c->out_start == c->out_end) c->out_start = c->out_end = 0;
  }
  bool want_write = c->out_start != c->out_end;
  if (want_write != c->want_write) {
    struct epoll_event event = {.events = EPOLLIN | (want_write ? EPOLLOUT : 0), .data.ptr = c};
    epoll_ctl(c->worker->epoll, EPOLL_CTL_MOD, c->fd, &event);
    c->want_write = want_write;
  }
}

static void receive(struct connection *c) {
  uint8_t *in = c->worker->in;
  do {
    ssize_t n = c->tls ? tls_receive(c->tls, in, IN_SIZE) : recv(c->fd, in, IN_SIZE, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) die("the server closed a connection");
    opt.protocol->consume(c, in, (size_t)n);
  } while (c->tls); /* what is decrypted already wakes nobody */
}

static bool more(const struct worker *w, uint64_t now) {
  return opt.mode == MODE_FILL ? w->sequence < w->sequence_end : now < time_end;
}

static void fill_slots(struct connection *c) {
  uint64_t now = now_ns();
  while (c->free && more(c->worker, now)) submit(c, now);
}

static uint64_t interval(const struct worker *w) {
  double mean = 1e9 * opt.threads / opt.rate;
  return (uint64_t)(opt.poisson ? -log(1 - unit(w->draw ^ (uint64_t)w->index << 48)) * mean : mean);
}

/* Submits every open-loop request that is due, as far as slots are free. */
static void submit_due(struct worker *w, uint64_t now) {
  while (w->due <= now && w->due < time_end) {
    for (int tries = 0; !w->connections[w->turn].free; w->turn = (w->turn + 1) % w->connection_count)
      if (++tries > w->connection_count) return;
    struct connection *c = &w->connections[w->turn];
    submit(c, w->due);
    if (!c->want_write) flush(c);
    w->turn = (w->turn + 1) % w->connection_count;
    w->due += interval(w);
  }
}

static void connect_one(struct connection *c) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
  inet_pton(AF_INET, opt.host, &address.sin_addr);
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (opt.tls) c->tls = tls_connect(c->fd);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  c->out = malloc(OUT_SIZE);
  struct request *requests = calloc((size_t)opt.streams, sizeof *requests);
  for (int i = opt.streams; i-- > 0; c->free = &requests[i]) requests[i].next = c->free;
  opt.protocol->open(c);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(c->worker->epoll, EPOLL_CTL_ADD, c->fd, &event);
}

static double thread_cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *work(void *argument) {
  struct worker *w = argument;
  struct epoll_event events[64];
  bool open_loop = opt.rate > 0 && opt.mode == MODE_MIX;
  double cpu = thread_cpu();
  if (open_loop) w->due = time_start + (uint64_t)(1e9 / opt.rate * w->index);
  for (int i = 0; i < w->connection_count; i++) {
    if (!open_loop) fill_slots(&w->connections[i]);
    flush(&w->connections[i]);
  }
  uint64_t drain_end = time_end == UINT64_MAX ? UINT64_MAX : time_end + 2000000000u;
  for (;;) {
    uint64_t now = now_ns();
    if (open_loop) submit_due(w, now);
    bool pending = open_loop && w->due < time_end;
    if ((!pending && w->in_flight == 0 && !more(w, now)) || now > drain_end) break;
    /* Sleep until just short of the next due instant, then spin up to it. */
    uint64_t wait = IDLE_NS;
    if (pending) wait = w->due > now + SPIN_NS ? w->due - now - SPIN_NS : 0;
    struct timespec timeout = {.tv_nsec = (long)(wait < IDLE_NS ? wait : IDLE_NS)};
    int count = epoll_pwait2(w->epoll, events, 64, &timeout, NULL);
    for (int i = 0; i < count; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
      if (!open_loop) fill_slots(c);
      flush(c);
    }
  }
  w->unfinished = w->in_flight;
  if (open_loop && w->due < time_end) w->unfinished += (uint64_t)((double)(time_end - w->due) * opt.rate / opt.threads / 1e9);
  w->cpu = thread_cpu() - cpu;
  return NULL;
}

/* ---- the server process --------------------------------------------------- */

/* Run time of all its threads that live, in seconds, from the scheduler's own count. */
static double server_cpu(void) {
  char path[64];
  double sum = 0;
  snprintf(path, sizeof path, "/proc/%d/task", opt.pid);
  DIR *tasks = opt.pid ? opendir(path) : NULL;
  if (!tasks) return 0;
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    unsigned long long nanos = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", opt.pid, task->d_name);
    FILE *file = fopen(path, "r");
    if (!file) continue;
    if (fscanf(file, "%llu", &nanos) == 1) sum += (double)nanos * 1e-9;
    fclose(file);
  }
  closedir(tasks);
  return sum;
}

static long server_rss_kib(void) {
  char path[64], line[256];
  long rss = 0;
  snprintf(path, sizeof path, "/proc/%d/status", opt.pid);
  FILE *file = opt.pid ? fopen(path, "r") : NULL;
  if (!file) return 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %ld", &rss) == 1) break;
  fclose(file);
  return rss;
}

/* ---- command line --------------------------------------------------------- */

static void sleep_until(uint64_t when) {
  struct timespec t = {.tv_sec = (time_t)(when / 1000000000u), .tv_nsec = (long)(when % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

static uint64_t parse_size(const char *text, char **end) {
  uint64_t value = strtoull(text, end, 10);
  if (**end == 'k') value <<= 10, ++*end;
  else if (**end == 'm') value <<= 20, ++*end;
  return value;
}

static _Noreturn void usage(void) {
  fputs("loader [options]\n"
        "  -x PROTOCOL       grpc, resp or meta (grpc)\n"
        "  -H HOST -p PORT   server (127.0.0.1:50051)\n"
        "  -c N -s N -t N    connections, requests in flight on each, threads (1 1 1)\n"
        "  -d SEC -w SEC     measured and warm-up seconds (3 0.5)\n"
        "  -k N -v N[:M]     keys; value bytes, or a log-uniform range; suffixes k and m (10000 100)\n"
        "  -g PERCENT        share of Get, the rest is Set (100)\n"
        "  -z THETA          Zipf exponent of the key choice, 0 is uniform (0)\n"
        "  -r RATE [-P]      open loop at RATE requests/s, evenly spaced or Poisson\n"
        "  -F                store every key once\n"
        "  -B N | -O N       N keys a BatchGet, or N Gets a message of a Pipeline (grpc only)\n"
        "  -D KIND           a grpc-timeout with every call that differs each time, as a literal that is\n"
        "                    not indexed (literal) or one that is added to the table (indexed)\n"
        "  -M                print the mean length of the values and end\n"
        "  -f PATH           a plain GET of this file, as long as a value is, instead of calls\n"
        "  -K                keys that the floor has: key-000000000000 and on\n"
        "  -T                TLS, whatever the server's certificate (grpc only)\n"
        "  -V                compare every fetched value byte for byte\n"
        "  -i PID            server process, for its CPU time and resident memory\n"
        "  -n LABEL -h       first column of the result; print the column names first\n", stderr);
  exit(2);
}

static void parse(int argc, char **argv) {
  static const struct protocol *const protocols[] = {&grpc_protocol, &resp_protocol, &meta_protocol};
  int c;
  char *end;
  while ((c = getopt(argc, argv, "x:H:p:c:s:t:d:w:k:v:g:z:r:PFB:O:f:D:KMTVi:n:h")) != -1) {
    switch (c) {
    case 'x':
      opt.protocol = NULL;
      for (int i = 0; i < 3; i++)
        if (strcmp(protocols[i]->name, optarg) == 0) opt.protocol = protocols[i];
      if (!opt.protocol) usage();
      break;
    case 'H': opt.host = optarg; break;
    case 'p': opt.port = atoi(optarg); break;
    case 'c': opt.connections = atoi(optarg); break;
    case 's': opt.streams = atoi(optarg); break;
    case 't': opt.threads = atoi(optarg); break;
    case 'd': opt.seconds = atof(optarg); break;
    case 'w': opt.warmup = atof(optarg); break;
    case 'k': opt.keys = strtoull(optarg, NULL, 10); break;
    case 'v':
      opt.value_min = opt.value_max = parse_size(optarg, &end);
      if (*end == ':') opt.value_max = parse_size(end + 1, &end);
      break;
    case 'g': opt.get_percent = atof(optarg); break;
    case 'z': opt.theta = atof(optarg); break;
    case 'r': opt.rate = atof(optarg); break;
    case 'P': opt.poisson = true; break;
    case 'F': opt.mode = MODE_FILL; break;
    case 'B': opt.mode = MODE_BATCH; opt.batch = atoi(optarg); break;
    case 'O': opt.mode = MODE_PIPELINE; opt.batch = atoi(optarg); break;
    case 'f': opt.file = optarg; break;
    case 'D':
      opt.deadlines = strcmp(optarg, "indexed") == 0 ? DEADLINES_INDEXED : DEADLINES_LITERAL;
      if (opt.deadlines == DEADLINES_LITERAL && strcmp(optarg, "literal") != 0) usage();
      break;
    case 'M': opt.print_mean = true; break;
    case 'K': opt.plain_keys = true; break;
    case 'T': opt.tls = true; break;
    case 'V': opt.verify = true; break;
    case 'i': opt.pid = atoi(optarg); break;
    case 'n': opt.label = optarg; break;
    case 'h': opt.header = true; break;
    default: usage();
    }
  }
  if (opt.value_max > MAX_VALUE || opt.value_min == 0 || opt.keys == 0 || opt.threads < 1 || opt.streams < 1 ||
      opt.connections < opt.threads || opt.batch < 1 || opt.batch > BATCH_MAX ||
      ((opt.mode >= MODE_BATCH || opt.tls) && opt.protocol != &grpc_protocol))
    usage();
}

static void start_workers(struct worker *workers) {
  for (int i = 0; i < opt.threads; i++) {
    struct worker *w = &workers[i];
    w->index = i;
    w->epoll = epoll_create1(0);
    w->in = malloc(IN_SIZE);
    w->draw = mix64((uint64_t)i) % DRAWS;
    w->sequence = opt.keys * (uint64_t)i / (uint64_t)opt.threads;
    w->sequence_end = opt.keys * (uint64_t)(i + 1) / (uint64_t)opt.threads;
    w->connection_count = opt.connections / opt.threads + (i < opt.connections % opt.threads);
    w->connections = calloc((size_t)w->connection_count, sizeof *w->connections);
    for (int j = 0; j < w->connection_count; j++) {
      w->connections[j].worker = w;
      connect_one(&w->connections[j]);
    }
  }
  time_start = now_ns();
  bool timed = opt.mode != MODE_FILL;
  time_measure = time_start + (timed ? (uint64_t)(opt.warmup * 1e9) : 0);
  time_end = timed ? time_measure + (uint64_t)(opt.seconds * 1e9) : UINT64_MAX;
  for (int i = 0; i < opt.threads; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
}

static void join_workers(struct worker *workers, struct worker *total) {
  for (int i = 0; i < opt.threads; i++) {
    struct worker *w = &workers[i];
    pthread_join(w->thread, NULL);
    histogram_merge(&total->latency, &w->latency);
    total->completed += w->completed;
    total->completed_total += w->completed_total;
    total->unfinished += w->unfinished;
    total->hits += w->hits;
    total->misses += w->misses;
    total->failed += w->failed;
    total->mismatched += w->mismatched;
    total->cpu += w->cpu;
  }
}

static void report(const struct worker *total, double seconds, double cpu) {
  bool mix = opt.mode != MODE_FILL;
  double done = (double)(mix ? total->completed : opt.keys);
  if (opt.header)
    puts("label\tconns\tstreams\tget%\tvalue\trate\treq/s\tsrv_us\tcli_us\tp50_us\tp90_us\tp99_us\tp99.9_us\tmax_us\thits\t"
         "misses\tfailed\twrong\tunfinished\trss_kib");
  printf("%s\t%d\t%d\t%g\t%llu", opt.label, opt.connections, opt.streams, mix ? opt.get_percent : 0,
         (unsigned long long)opt.value_min);
  if (opt.value_max != opt.value_min) printf(":%llu", (unsigned long long)opt.value_max);
  printf("\t%g\t%.0f\t%.3f\t%.3f", opt.rate, done / seconds, cpu * 1e6 / done,
         total->cpu * 1e6 / (mix ? (double)total->completed_total : done));
  static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
  for (int i = 0; i < 4; i++) printf("\t%.1f", (double)histogram_quantile(&total->latency, quantiles[i]) / 1e3);
  printf("\t%.1f\t%llu\t%llu\t%llu\t%llu\t%llu\t%ld\n", (double)total->latency.max / 1e3, (unsigned long long)total->hits,
         (unsigned long long)total->misses, (unsigned long long)total->failed, (unsigned long long)total->mismatched,
         (unsigned long long)total->unfinished, server_rss_kib());
}

int main(int argc, char **argv) {
  parse(argc, argv);
  if (opt.print_mean) {
    double sum = 0;
    for (uint64_t i = 0; i < opt.keys; i++) sum += (double)value_size(i);
    printf("%.3f\n", sum / (double)opt.keys);
    return 0;
  }
  prepare_data();
  struct worker *workers = calloc((size_t)opt.threads, sizeof *workers);
  static struct worker total;
  double before = server_cpu(), cpu;
  start_workers(workers);
  if (opt.mode != MODE_FILL) {
    sleep_until(time_measure);
    before = server_cpu();
    sleep_until(time_end);
    cpu = server_cpu() - before;
    join_workers(workers, &total);
    report(&total, opt.seconds, cpu);
  } else {
    join_workers(workers, &total);
    double seconds = (double)(now_ns() - time_start) * 1e-9;
    report(&total, seconds, server_cpu() - before);
  }
  return total.failed || total.mismatched || total.unfinished ? 1 : 0;
}
