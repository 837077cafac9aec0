#ifndef TRENT_CPOSTGRESQL_SHIM_H
#define TRENT_CPOSTGRESQL_SHIM_H

#include <libpq-fe.h>

#endif
