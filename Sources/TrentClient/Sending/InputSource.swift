internal import DurableFiles
internal import FileTransfer
internal import Glibc

/// What to send.
public enum Input: Hashable, Sendable {
  case file(String)
  case standardInput
}

/// What is sent, open for reading from front to back.
struct InputSource: ~Copyable {
  private enum Origin: ~Copyable {
    case file(OpenFile)
    case standardInput
  }

  /// The file's name without folders, as far as an offer has room for it; empty when there is none.
  let name: String
  /// In bytes; nil for what has no length yet.
  let size: UInt64?
  private let origin: Origin

  init(_ input: Input) throws(ClientFailure) {
    switch input {
    case .standardInput:
      name = ""
      size = nil
      origin = .standardInput
    case .file(let path):
      let file = try withFiles { () throws(FileFailure) in try OpenFile(reading: path) }
      size = try withFiles { () throws(FileFailure) in try file.size() }
      name = Self.offered(lastComponent(of: path))
      origin = .file(file)
    }
  }

  private static func offered(_ name: String) -> String {
    var name = name
    while name.utf8.count > Offer.nameByteLimit { name.removeLast() }
    return name
  }

  /// How messages call it.
  var shownName: String {
    name.isEmpty ? "standard input" : "\"\(SafeText(name, limit: 255))\""
  }

  /// Fills `buffer`, and returns how many bytes that took: fewer than it holds only at the end.
  func read(into buffer: inout MutableRawSpan) throws(FileFailure) -> Int {
    switch origin {
    case .file(let file): return try file.read(into: &buffer)
    case .standardInput: break
    }
    var filled = 0
    while filled < buffer.byteCount {
      let start = filled
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
        return unsafe Glibc.read(STDIN_FILENO, rest.baseAddress, rest.count)
      }
      if count == 0 { break }
      if count > 0 {
        filled += count
      } else if errno != EINTR {
        throw FileFailure(path: "standard input", operation: .read, errno: errno)
      }
    }
    return filled
  }
}
