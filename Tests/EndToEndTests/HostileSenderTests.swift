import Cryptography
import FileTransfer
import Foundation
import SecretMemory
import Testing
import Transport
import Wire

@testable import KeyDistribution
@testable import TrentClient

extension EndToEnd {
  /// A sender who has proven who it is, speaks the protocol, and wants to write where it may not
  /// (HOSTILE E.19, E.20, F.22, F.23).
  @Suite struct HostileSenderTests {}
}

extension EndToEnd.HostileSenderTests {
  /// Makes records that no honest client makes.
  private struct Mallory {
    let malicious: MaliciousKDC

    func call() throws -> PeerConnection { try malicious.call("bob", as: "mallory") }

    static func entry(
      _ kind: UInt8, _ path: [UInt8], mode: UInt16 = 0o644, size: UInt64 = 0, target: String = ""
    ) -> [UInt8] {
      let target = kind == 3 ? prefixed([UInt8](target.utf8)) : []
      return [kind] + bigEndian(mode) + bigEndian(UInt64(1)) + bigEndian(size) + prefixed(path)
        + target
    }

    private static func prefixed(_ bytes: [UInt8]) -> [UInt8] {
      bigEndian(UInt16(bytes.count)) + bytes
    }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
      stride(from: value.bitWidth - 8, through: 0, by: -8).map {
        UInt8(truncatingIfNeeded: value >> $0)
      }
    }

    /// Offers a list, and tells what the receiver says to it.
    func offer(
      _ entries: [[UInt8]], total: UInt64 = 0, over connection: inout PeerConnection
    ) throws -> FileTransfer.Answer {
      let offer =
        [1] + [UInt8](repeating: 7, count: 32) + Self.bigEndian(UInt32(4096)) + [1]
        + Self.bigEndian(UInt32(entries.count)) + Self.bigEndian(total)
      try connection.send(offer.bytes)
      let batch = [5] + Self.bigEndian(UInt16(entries.count)) + entries.joined()
      try connection.send(batch.bytes)
      let answer = try connection.receive()
      return try FileTransfer.Answer(answer.bytes)
    }

    /// Sends content after an offer, from its beginning.
    func send(
      _ content: [UInt8], announced: UInt64, over connection: inout PeerConnection
    ) throws -> Receipt {
      try connection.send(Start(offset: 0).encoded().bytes)
      let key = [UInt8](repeating: 7, count: 32)
      guard let size = ChunkSize(4096) else { throw TestProblem("chunk size") }
      var sealer = ChunkSealer(
        fileKey: SecretBytes(copying: key.bytes),
        binding: connection.session.handshakeHash.bytes, chunkSize: size)
      let chunk = sealer.seal(content.bytes, isLast: true)
      try connection.stream.sendPeerFrame(
        .lastChunk, payload: chunk.bytes, stallLimit: .seconds(20))
      let receipt = try connection.receive()
      return try Receipt(receipt.bytes)
    }
  }

  private static let badNames: [[UInt8]] =
    [
      "", ".", "..", "../x", "../../x", "a/../../x", "/x", "//x", "/etc/passwd", "./x", "x/",
      "x//y",
      "..\\x", "C:\\x", "C:x", "a\0b", "a\nb", "a\rb", "\u{1b}[2J", "\u{7}", "\u{9b}31m",
      "a\u{200b}b", "a\u{202e}fdp.exe", "a\u{2028}b", "\u{e000}", "x.", "x ", " x", "CON",
      "nul.txt",
      "COM1", "e\u{301}", ".trent-0123456789abcdef.partial", String(repeating: "n", count: 256),
      String(repeating: "a/", count: 64) + "a",
    ].map { [UInt8]($0.utf8) } + [[0xff], [0x61, 0xc0, 0xaf, 0x62], [0xed, 0xa0, 0x80]]

  /// Lists whose names are clean, and whose sense is not.
  private static let badLists: [[[UInt8]]] = {
    func file(_ path: String, mode: UInt16 = 0o644) -> [UInt8] {
      Mallory.entry(1, [UInt8](path.utf8), mode: mode)
    }
    func folder(_ path: String) -> [UInt8] { Mallory.entry(2, [UInt8](path.utf8)) }
    func link(_ path: String, _ target: String) -> [UInt8] {
      Mallory.entry(3, [UInt8](path.utf8), mode: 0, target: target)
    }
    return [
      [file("a/b")], [file("a"), file("a/b")], [file("b"), file("a")], [file("a"), file("a")],
      [folder("a"), link("a/b", ".."), file("a/b/c")], [link("a", "/etc")], [link("a", "b")],
      [folder("a"), link("a/b", "/etc/passwd")], [folder("a"), link("a/b", "../outside")],
      [folder("a"), link("a/b", "..")], [folder("a"), link("a/b", "c/../../..")],
      [folder("a"), link("a/b", ".."), link("a/c", "b/outside")],
      [file("a", mode: 0o4755)], [file("a", mode: 0o2755)], [file("a", mode: 0o1755)],
      [Mallory.entry(4, [0x61])], [Mallory.entry(1, [0x61], size: .max)],
    ]
  }()

  @Test("Every bad list is refused whole; then an honest one arrives, and nothing is outside")
  func badNames() async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      try await stage.expectTransfer(
        from: try stage.user("mallory"), to: try stage.user("carol"), at: kdc)
      let area = try stage.folder.folder("area")
      try area.folder("outside").put([1, 2, 3], at: "precious")
      let received = try area.folder("received")
      let receiver = try await stage.receiving(try stage.user("bob"), at: kdc, into: received)
      let before = try treeReport(area)
      let mallory = Mallory(malicious: try MaliciousKDC(kdc))
      for entries in Self.badNames.map({ [Mallory.entry(1, $0)] }) + Self.badLists {
        var connection = try mallory.call()
        let answer = try mallory.offer(entries, over: &connection)
        #expect(answer == .refused(.unacceptable), "\(entries)")
      }
      #expect(try treeReport(area) == before)
      #expect(!receiver.errors.text.unicodeScalars.contains("\u{1b}"))

      var connection = try mallory.call()
      let honest = Mallory.entry(1, [0x61], size: 5)
      let answer = try mallory.offer([honest], total: 5, over: &connection)
      #expect(answer == .accepted(.beginning))
      let receipt = try mallory.send([1, 2, 3, 4, 5], announced: 5, over: &connection)
      #expect(receipt.outcome == .complete(exitStatus: 0))
      connection = try closed(connection)
      try await receiver.expectExit(0)
      #expect(received.bytes(of: "a") == [1, 2, 3, 4, 5])
      #expect(try area.folder("outside").bytes(of: "precious") == [1, 2, 3])
    }
  }

  /// Lets go of a connection, so that its other end sees it.
  private func closed(_ connection: consuming PeerConnection) throws -> PeerConnection {
    try connection.stream.shutdownWriting()
    return connection
  }

  @Test("More or less content than was listed never gets a name", arguments: [4, 6])
  func otherSize(count: Int) async throws {
    try await Stage.with { stage in
      let kdc = try await stage.kdc()
      try await stage.expectTransfer(
        from: try stage.user("mallory"), to: try stage.user("carol"), at: kdc)
      let received = try stage.folder.folder("received")
      let receiver = try await stage.receiving(try stage.user("bob"), at: kdc, into: received)
      let mallory = Mallory(malicious: try MaliciousKDC(kdc))
      var connection = try mallory.call()
      _ = try mallory.offer([Mallory.entry(1, [0x61], size: 5)], total: 5, over: &connection)
      let content = [UInt8](repeating: 9, count: count)
      let receipt = try mallory.send(content, announced: 5, over: &connection)
      #expect(receipt.outcome == .failed(.damaged))
      connection = try closed(connection)
      try await receiver.expectExit(8)
      #expect(received.entries.allSatisfy { $0.hasPrefix(".trent-") })
    }
  }
}
