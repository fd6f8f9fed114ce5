#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/ssl.h>

#include "loader.h"

struct ssl_st *tls_connect(int fd) {
  static const uint8_t protocols[] = {2, 'h', '2'};
  static SSL_CTX *context;
  if (!context) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_protos(context, protocols, sizeof protocols);
  }
  SSL *tls = SSL_new(context);
  errno = 0;
  if (!tls || !SSL_set_fd(tls, fd) || SSL_connect(tls) != 1) die("TLS handshake");
  return tls;
}

static ssize_t result_of(SSL *tls, int result) {
  if (result > 0) return result;
  int error = SSL_get_error(tls, result);
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
  return -1;
}

ssize_t tls_send(struct ssl_st *tls, const uint8_t *bytes, size_t size) {
  return result_of(tls, SSL_write(tls, bytes, size < INT_MAX ? (int)size : INT_MAX));
}

ssize_t tls_receive(struct ssl_st *tls, uint8_t *bytes, size_t size) {
  return result_of(tls, SSL_read(tls, bytes, size < INT_MAX ? (int)size : INT_MAX));
}
