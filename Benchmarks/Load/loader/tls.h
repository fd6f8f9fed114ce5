/* TLS over a connected socket: HTTP/2, any certificate. As with send and recv, -1 and EAGAIN say
 * that nothing can be had now. */
#ifndef TLS_H
#define TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Shakes hands; the socket still blocks. */
struct ssl_st *tls_connect(int fd);
ssize_t tls_send(struct ssl_st *tls, const uint8_t *bytes, size_t size);
ssize_t tls_receive(struct ssl_st *tls, uint8_t *bytes, size_t size);

#endif
