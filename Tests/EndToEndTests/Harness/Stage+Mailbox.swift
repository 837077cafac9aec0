import Testing

extension Stage {
  /// What starts a mailbox, whose spool is `NAME.spool` unless another folder is named.
  func mailboxArguments(
    _ machine: Machine, at kdc: RunningKDC, spool: String? = nil
  ) -> [String] {
    [
      "-n", machine.name, "--key-file", machine.keyFile, "-a", kdc.host, "-p", "\(kdc.port)",
      "-l", "0", "--spool", spool ?? folder.path("\(machine.name).spool"), "--verbose",
    ]
  }

  /// A mailbox that serves.
  func mailbox(
    _ machine: Machine, at kdc: RunningKDC, spool: String? = nil, _ extra: [String] = []
  ) async throws -> Program {
    let program = try start(
      .mailbox, mailboxArguments(machine, at: kdc, spool: spool) + extra, home: machine.home)
    try await program.said("listening on port")
    return program
  }
}
