import Foundation
import Testing

extension EndToEnd {
  /// Files that no memory would hold, or that a 32-bit count would not.
  @Suite struct LargeTransferTests {}
}

extension EndToEnd.LargeTransferTests {
  /// Argon2id takes 64 MiB once, at the login; the rest is for the program itself.
  private static let memoryLimit = 128 << 20

  @Test("256 MiB go through in constant memory")
  func constantMemory() async throws {
    try await Stage.with { stage in
      let path = stage.folder.path("out")
      let file = try await transfer(256 << 20, to: path, on: stage, within: .seconds(60))
      #expect(FileManager.default.contentsEqual(atPath: file, andPath: path))
    }
  }

  @Test("More than 4 GiB go through in constant memory")
  func moreThan32Bits() async throws {
    try await Stage.with { stage in
      _ = try await transfer((4 << 30) + 12_345, to: "/dev/null", on: stage, within: .seconds(280))
    }
  }

  /// Returns the path of what was sent.
  private func transfer(
    _ size: Int, to output: String, on stage: Stage, within limit: Duration
  ) async throws -> String {
    let kdc = try await stage.kdc()
    let file = try stage.folder.putSparse(size: size, at: "in")
    let receiver = try await stage.listening(try stage.user("bob"), at: kdc, ["-o", output])
    let sender = try stage.sender(try stage.user("alice"), at: kdc, to: "bob", file)
    try await eventually("the transfer", within: limit, report: receiver.report) {
      // Each look takes note of the memory.
      let ended = (sender.exitStatus, receiver.exitStatus)
      return ended.0 != nil && ended.1 != nil ? () : nil
    }
    try await sender.expectExit(0)
    try await receiver.expectExit(0)
    #expect(sender.errors.text.contains("\(size)"))
    for program in [sender, receiver] {
      #expect(program.peakMemory > 0)
      #expect(program.peakMemory < Self.memoryLimit)
    }
    return file
  }
}
