import Testing

/// Tests of the programs as people use them: real processes, sockets, files and terminals.
///
/// One after the other, since each login costs 64 MiB of Argon2id and a busy machine makes slow
/// tests. The programs are those that stand beside the test bundle in the build folder, or in the
/// folder that `TRENT_PROGRAMS` names.
@Suite(.serialized, .timeLimit(.minutes(5)))
enum EndToEnd {}
