/* A load generator: `load PORT CONNECTIONS SECONDS WARM_UP_SECONDS BODY_FILE KEY [PATH]`.
 *
 * Every connection asks again as soon as its answer is complete. Prints one line of JSON: streams
 * and pieces that came after the warm-up, the time to the first piece, and how long each piece was
 * on its way since the upstream stamped it, in microseconds.
 */
#include "wire.h"

#define MAX_SAMPLES (1 << 22)

typedef struct {
    int fd;
    int64_t asked_us;
    int pieces;
    size_t kept; /* bytes of an unfinished line, kept at the front of `in` */
    char in[1 << 16];
} Stream;

static struct sockaddr_in target;
static char *request;
static size_t request_length;
static int poll_fd;
static int64_t begin_us, end_us;
static long streams, pieces, failures;
static int32_t *ttft, *lag;
static long ttfts, lags;

static void ask(Stream *s) {
    s->asked_us = now_us();
    s->pieces = 0;
    s->kept = 0;
    size_t sent = 0;
    while (sent < request_length) {
        ssize_t n = send(s->fd, request + sent, request_length - sent, MSG_NOSIGNAL);
        if (n > 0) sent += n;
        else if (errno != EAGAIN) return;
    }
}

static void open_stream(Stream *s) {
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s->fd, (struct sockaddr *)&target, sizeof target)) fail("connect");
    prepare_socket(s->fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, s->fd, &event);
    ask(s);
}

static void take_piece(Stream *s, const char *stamp, int64_t now) {
    /* A relay may cut a piece in two, with its own framing in the middle of the number. */
    if (strspn(stamp, "0123456789") != STAMP_DIGITS) return;
    int first = !s->pieces++;
    if (now < begin_us || now > end_us) return;
    pieces++;
    if (first && ttfts < MAX_SAMPLES) ttft[ttfts++] = now - s->asked_us;
    if (lags < MAX_SAMPLES) lag[lags++] = now - strtoll(stamp, 0, 10);
}

/* A line that is not complete yet is kept for the next read. */
static void take(Stream *s, size_t length, int64_t now) {
    char *line = s->in, *end = s->in + length, *next;
    int done = 0;
    for (; (next = memchr(line, '\n', end - line)); line = next + 1) {
        *next = 0;
        if (strncmp(line, "data:", 5)) {
            if (done && line[0] == '0') done = 2;
            continue;
        }
        char *text = strstr(line, "\"content\"");
        char *stamp = text ? strstr(text, "\"t") : 0;
        if (stamp) take_piece(s, stamp + 2, now);
        if (strstr(line, "[DONE]")) done = 1;
        if (strstr(line, "\"error\"")) failures++;
    }
    s->kept = end - line;
    memmove(s->in, line, s->kept);
    if (!done) return;
    if (now >= begin_us && now <= end_us) streams++;
    if (done == 2) {
        ask(s);
        return;
    }
    /* The end of the chunked body is still to come; a few bytes, at once. */
    fcntl(s->fd, F_SETFL, fcntl(s->fd, F_GETFL) & ~O_NONBLOCK);
    char rest[64];
    size_t seen = s->kept;
    memcpy(rest, s->in, seen < sizeof rest ? seen : sizeof rest);
    while (seen < 5 || memcmp(rest + seen - 5, "0\r\n\r\n", 5)) {
        ssize_t n = seen < sizeof rest ? recv(s->fd, rest + seen, sizeof rest - seen, 0) : 0;
        if (n <= 0) {
            close(s->fd);
            open_stream(s);
            return;
        }
        seen += n;
    }
    prepare_socket(s->fd);
    ask(s);
}

static int by_value(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void print_percentiles(const char *name, int32_t *values, long count) {
    qsort(values, count, sizeof *values, by_value);
    printf("\"%s\": {\"p50\": %d, \"p99\": %d, \"max\": %d}", name, count ? values[count / 2] : -1,
           count ? values[count * 99 / 100] : -1, count ? values[count - 1] : -1);
}

static void read_request(const char *path, const char *body_file, const char *key) {
    FILE *file = fopen(body_file, "rb");
    if (!file) fail(body_file);
    request = malloc(1 << 22);
    char *body = malloc(1 << 22);
    size_t length = fread(body, 1, 1 << 22, file);
    request_length = sprintf(request,
                             "POST %s HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %s\r\n"
                             "content-type: application/json\r\ncontent-length: %zu\r\n\r\n",
                             path, key, length);
    memcpy(request + request_length, body, length);
    request_length += length;
}

int main(int argc, char **argv) {
    if (argc < 7) return 2;
    allow_many_files();
    int connections = atoi(argv[2]);
    read_request(argc > 7 ? argv[7] : "/v1/chat/completions", argv[5], argv[6]);
    ttft = malloc(sizeof *ttft * MAX_SAMPLES);
    lag = malloc(sizeof *lag * MAX_SAMPLES);
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    inet_pton(AF_INET, "127.0.0.1", &target.sin_addr);
    poll_fd = epoll_create1(0);
    Stream *all = calloc(connections, sizeof *all);
    begin_us = now_us() + (int64_t)(atof(argv[4]) * 1e6);
    end_us = begin_us + (int64_t)(atof(argv[3]) * 1e6);
    int opened = 0;
    int64_t started_us = now_us(), spread_us = (int64_t)(atof(argv[4]) * 5e5);
    struct epoll_event events[256];
    for (int64_t now = started_us; now < end_us; now = now_us()) {
        /* Spread over half the warm-up, so that paced streams do not all beat at once. */
        while (opened < connections && now - started_us >= spread_us * opened / connections)
            open_stream(&all[opened++]);
        int n = epoll_wait(poll_fd, events, 256, opened < connections ? 1 : 50);
        for (int i = 0; i < n; i++) {
            Stream *s = events[i].data.ptr;
            ssize_t got = recv(s->fd, s->in + s->kept, sizeof s->in - s->kept, 0);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) {
                failures++;
                close(s->fd);
                open_stream(s);
                continue;
            }
            take(s, s->kept + got, now_us());
        }
    }
    printf("{\"seconds\": %s, \"streams\": %ld, \"pieces\": %ld, \"failures\": %ld, ", argv[3],
           streams, pieces, failures);
    print_percentiles("ttft_us", ttft, ttfts);
    printf(", ");
    print_percentiles("lag_us", lag, lags);
    printf("}\n");
    return 0;
}
