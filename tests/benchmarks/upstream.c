/* An upstream that costs next to nothing: `upstream PORT`.
 *
 * The model's name says what it answers: "bench-50-20" is 50 tokens, one every 20 ms; an interval
 * of 0 sends them one after the other without waiting. Every token is one chunk of about 330 bytes,
 * like OpenAI's, and its text is the time at which it was sent.
 */
#include "wire.h"

#define MAX_FD 65536
#define CHUNK                                                                                      \
    "data: {\"id\":\"chatcmpl-Bench0000000000000000000000000\",\"object\":\"chat.completion.chunk\"," \
    "\"created\":1760000000,\"model\":\"gpt-4o-mini-2024-07-18\",\"service_tier\":\"default\","      \
    "\"system_fingerprint\":\"fp_0000000000\",\"choices\":[{\"index\":0,\"delta\":%s,"               \
    "\"logprobs\":null,\"finish_reason\":%s}],\"obfuscation\":\"aaaaaaaaaaaaaaaaaa\"}\n\n"

typedef struct {
    char *in;
    size_t used, room;
    int tokens, interval_us, sent; /* of the answer under way; tokens 0: none */
    int64_t due_us;
    int64_t serial; /* tells a connection from the next one with its number */
} Connection;

typedef struct {
    int64_t due_us;
    int fd;
    int64_t serial;
} Timer;

static Connection connections[MAX_FD];
static Timer heap[MAX_FD * 2];
static int timers;
static int64_t serials;

static void push_timer(Timer timer) {
    int i = timers++;
    while (i && heap[(i - 1) / 2].due_us > timer.due_us) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = timer;
}

static Timer pop_timer(void) {
    Timer first = heap[0], last = heap[--timers];
    int i = 0;
    for (;;) {
        int child = 2 * i + 1;
        if (child >= timers) break;
        if (child + 1 < timers && heap[child + 1].due_us < heap[child].due_us) child++;
        if (heap[child].due_us >= last.due_us) break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return first;
}

static void drop(int fd) {
    close(fd);
    connections[fd].tokens = 0;
    connections[fd].used = 0;
    connections[fd].serial = 0;
}

static void send_all(int fd, const char *data, size_t length) {
    while (length) {
        ssize_t n = send(fd, data, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) continue; /* the reader is slow for a moment */
        if (n <= 0) return;
        data += n;
        length -= n;
    }
}

static int as_http_chunk(char *out, const char *body) {
    return sprintf(out, "%zx\r\n%s\r\n", strlen(body), body);
}

static int make_chunk(char *out, const char *delta, const char *reason) {
    char body[1024];
    sprintf(body, CHUNK, delta, reason);
    return as_http_chunk(out, body);
}

static void send_token(int fd) {
    char out[2048], delta[64];
    sprintf(delta, "{\"content\":\"t%0*lld \"}", STAMP_DIGITS, (long long)now_us());
    send_all(fd, out, make_chunk(out, delta, "null"));
}

static void send_end(int fd) {
    char out[4096];
    int n = make_chunk(out, "{}", "\"stop\"");
    n += as_http_chunk(out + n,
                       "data: {\"id\":\"chatcmpl-Bench0000000000000000000000000\",\"object\":"
                       "\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini\","
                       "\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":50,"
                       "\"total_tokens\":60}}\n\n");
    n += as_http_chunk(out + n, "data: [DONE]\n\n");
    n += sprintf(out + n, "0\r\n\r\n");
    send_all(fd, out, n);
}

static void go_on(int fd) {
    Connection *c = &connections[fd];
    while (c->tokens) {
        if (c->sent == c->tokens) {
            c->tokens = 0;
            send_end(fd);
            return;
        }
        send_token(fd);
        c->sent++;
        if (c->interval_us) {
            c->due_us += c->interval_us;
            push_timer((Timer){c->due_us, fd, c->serial});
            return;
        }
    }
}

static void answer(int fd, const char *body) {
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                               "transfer-encoding: chunked\r\n\r\n";
    char out[2048];
    int tokens = 50, interval_ms = 0;
    const char *name = strstr(body, "bench-");
    if (name) sscanf(name, "bench-%d-%d", &tokens, &interval_ms);
    int n = sprintf(out, "%s", head);
    n += make_chunk(out + n, "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}", "null");
    send_all(fd, out, n);
    Connection *c = &connections[fd];
    c->tokens = tokens;
    c->interval_us = interval_ms * 1000;
    c->sent = 0;
    c->due_us = now_us();
    go_on(fd);
}

static void read_request(int fd) {
    Connection *c = &connections[fd];
    if (c->room - c->used < 65536) c->in = realloc(c->in, c->room = c->used + 131072);
    ssize_t n = recv(fd, c->in + c->used, c->room - c->used - 1, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
        drop(fd);
        return;
    }
    c->used += n;
    c->in[c->used] = 0;
    char *end = strstr(c->in, "\r\n\r\n");
    if (!end) return;
    char *length = strcasestr(c->in, "content-length:");
    size_t whole = end + 4 - c->in + (length && length < end ? strtoul(length + 15, 0, 10) : 0);
    if (c->used < whole) return;
    c->used = 0;
    answer(fd, end + 4);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    allow_many_files();
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 4096)) fail("listen");
    fcntl(listener, F_SETFL, O_NONBLOCK);
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[512];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int64_t wait_us = timers ? heap[0].due_us - now_us() : 1000000;
        struct timespec wait = {0, wait_us > 0 ? (wait_us % 1000000) * 1000 : 0};
        if (wait_us >= 1000000) wait = (struct timespec){1, 0};
        int n = epoll_pwait2(poll, events, 512, &wait, 0);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                read_request(fd);
                continue;
            }
            while ((fd = accept(listener, 0, 0)) >= 0) {
                prepare_socket(fd);
                connections[fd].serial = ++serials;
                event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
            }
        }
        int64_t now = now_us();
        while (timers && heap[0].due_us <= now) {
            Timer timer = pop_timer();
            if (connections[timer.fd].serial == timer.serial) go_on(timer.fd);
        }
    }
}
