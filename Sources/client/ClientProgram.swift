internal import ArgumentParser
internal import Glibc
internal import SecretMemory

/// The program `client`.
@main
enum ClientProgram {
  static func main() {
    forbidCoreDumps()
    // A pipe or connection that has gone is told by the call that writes to it.
    _ = signal(SIGPIPE, SIG_IGN)
    TransferCommand.main()
  }
}
