import Cryptography
import FileTransfer
import FuzzSupport
import SecretMemory
import Wire

/// What a sender offers: entries whose names and targets are of those that have done harm
/// elsewhere, or any bytes.
struct OfferedList {
  private struct Entry {
    var kind: UInt8
    var permissions: UInt16
    var size: Int
    var path: [UInt8]
    var target: [UInt8]

    func write(to writer: inout ByteWriter, isStream: Bool) {
      writer.uint8(kind)
      writer.uint16(permissions)
      writer.timestamp(World.start)
      writer.uint64(kind != 1 ? 0 : isStream ? .max : UInt64(size))
      writer.prefixed(path.bytes)
      if kind == 3 { writer.prefixed(target.bytes) }
    }
  }

  static let fileKey = World.bytes("fuzz file key", 32)

  /// Records (F1).
  let offer: [UInt8]
  let batch: [UInt8]
  /// The bytes of all files, one after the other.
  let content: [UInt8]

  private static let names: [String] = [
    "a", "a/b", "a/b/c", "b", "b/x", "taken", "full", "full/x", "way", "way/x", "a/to", "b/to",
    "..",
    ".", "/etc/passwd", "../outside/secret", "a/../b", "a//b", "a/", "", "CON", "nul.txt", "a.",
    " a", "A", "\u{e9}", "e\u{301}", "a\u{202e}b", "a\u{0}b", "a\\b", "c:\\d", "a:b", "a\u{1b}[2J",
    ".trent-0123456789abcdef.partial", "taken (2)", String(repeating: "x", count: 255),
  ]
  private static let targets: [String] = [
    "b", "c", "b/c", "../a", "../b", "..", ".", "", "/etc/passwd", "../../outside/secret", "to",
    "./b",
    "b/../..", "nothing",
  ]

  init(_ input: inout FuzzInput, content kind: Manifest.Content) {
    let shape = input.byte()
    var entries = (0...(Int(shape) % 5)).map { _ in Self.entry(&input) }
    if shape & 0x80 == 0 {
      entries.sort { Self.rank($0.path).lexicographicallyPrecedes(Self.rank($1.path)) }
    }
    let isStream = kind == .stream
    let sizes = entries.map { $0.kind == 1 ? $0.size : 0 }
    let count = sizes.reduce(0, +)
    content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    var batch = ByteWriter()
    batch.uint8(TransferMessage.Kind.entries.rawValue)
    batch.uint16(UInt16(entries.count))
    for entry in entries { entry.write(to: &batch, isStream: isStream) }
    self.batch = batch.publicBytes()
    var offer = ByteWriter()
    offer.uint8(TransferMessage.Kind.offer.rawValue)
    offer.bytes(Self.fileKey.bytes)
    offer.uint32(4096)
    offer.uint8(kind.rawValue)
    offer.uint32(UInt32(entries.count))
    offer.uint64(isStream ? .max : UInt64(count))
    self.offer = offer.publicBytes()
  }

  private static func entry(_ input: inout FuzzInput) -> Entry {
    let kind = input.byte()
    let path = text(names, &input)
    let code: UInt8 = kind < 192 ? 1 + kind % 3 : kind
    let permissions = UInt16(input.byte()) << 1 | (kind & 0x40 == 0 ? 0o600 : 0)
    return Entry(
      kind: code, permissions: code == 3 ? 0 : permissions, size: Int(input.byte()) * 17,
      path: path, target: code == 3 ? text(targets, &input) : [])
  }

  private static func text(_ known: [String], _ input: inout FuzzInput) -> [UInt8] {
    let choice = Int(input.byte())
    guard choice < 250 else { return input.bytes(Int(input.byte())) }
    return [UInt8](known[choice % known.count].utf8)
  }

  /// As paths are ordered.
  private static func rank(_ path: [UInt8]) -> [UInt8] {
    path.map { $0 == UInt8(ascii: "/") ? 0 : $0 }
  }
}
