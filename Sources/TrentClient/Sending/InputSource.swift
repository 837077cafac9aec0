internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import Glibc
internal import SecretMemory
internal import SystemClock
internal import Wire

/// What to send.
public enum Input: Hashable, Sendable {
  /// One file, or what comes out of a pipe or a device.
  case file(String)
  /// Files, and folders with all that is in them; one pipe or device alone.
  case files([String])
  /// All that comes out of it, until it ends.
  case standardInput
  /// What comes out of a pipe, a socket or a device that is open already, until it ends. It stays
  /// open: closing it is the caller's. The receiver is told the name.
  case descriptor(Int32, named: String)
  /// A file that is on no disk. The receiver is told the name, and goes on after an interruption
  /// as with any other file, as long as it is the same `send`.
  case bytes([UInt8], named: String)
  /// At most `Manifest.textLimit` bytes, to be shown to the receiver.
  case text(String)
}

/// What is sent, open for reading from front to back.
struct InputSource: ~Copyable {
  let manifest: Manifest
  /// How messages call it.
  let shownName: String
  /// What there is of files; none for a stream or a text.
  private var files: FileSequence
  private let stream: OpenFile?
  /// What is in memory already: a text, or bytes that somebody has; nil for all else.
  private let memory: [UInt8]?
  /// How much of a stream or of memory has been read, in bytes.
  private var readCount: UInt64 = 0

  init(_ input: Input, telling person: any Person) throws(ClientFailure) {
    switch input {
    case .standardInput:
      let file = try withFiles { () throws(FileFailure) in try OpenFile.standardInput() }
      try self.init(stream: "stdin", shownAs: "standard input", file)
    case .descriptor(let descriptor, let name):
      let file = try withFiles { () throws(FileFailure) in
        try OpenFile(duplicating: descriptor, shownAs: name)
      }
      try self.init(
        stream: EntryName.cleaned([UInt8](name.utf8)), shownAs: Self.quoted(name), file)
    case .bytes(let bytes, let name): try self.init(bytes, named: name)
    case .text(let text): try self.init(text: text)
    case .file(let path):
      let status = try withFiles { () throws(FileFailure) in try FileStatus.following(path) }
      guard status.kind != .folder else {
        throw ClientFailure(FileFailure(path: path, operation: .read, errno: EISDIR))
      }
      try self.init([path], isStream: status.kind == .special, person)
    case .files(let paths):
      var isStream = false
      if paths.count == 1, let path = paths.first {
        let status = try withFiles { () throws(FileFailure) in try FileStatus.following(path) }
        isStream = status.kind == .special
      }
      try self.init(paths, isStream: isStream, person)
    }
  }

  private init(_ paths: [String], isStream: Bool, _ person: any Person) throws(ClientFailure) {
    if isStream, let path = paths.first {
      let file = try withFiles { () throws(FileFailure) in try OpenFile(reading: path) }
      let name = lastComponent(of: path)
      try self.init(
        stream: EntryName.cleaned([UInt8](name.utf8)), shownAs: Self.quoted(name), file)
      return
    }
    let list = try SourceList(paths, telling: person)
    self.init(list.manifest, shownAs: Self.shown(list.manifest), files: list.files)
  }

  private init(
    stream name: String, shownAs shown: String, _ file: consuming OpenFile
  ) throws(ClientFailure) {
    let manifest = try Self.single(.stream, name: name, size: nil)
    self.init(manifest, shownAs: shown, stream: .some(file))
  }

  private init(text: String) throws(ClientFailure) {
    let bytes = [UInt8](text.utf8)
    guard bytes.count <= Manifest.textLimit else {
      throw ClientFailure(
        .usage, "A text has at most \(Manifest.textLimit) bytes. Send a file instead.")
    }
    let manifest = try Self.single(.text, name: "text", size: UInt64(bytes.count))
    self.init(manifest, shownAs: "a text", memory: bytes)
  }

  private init(_ bytes: [UInt8], named name: String) throws(ClientFailure) {
    let manifest = try Self.single(
      .files, name: EntryName.cleaned([UInt8](name.utf8)), size: UInt64(bytes.count))
    self.init(manifest, shownAs: Self.quoted(name), memory: bytes)
  }

  private init(
    _ manifest: Manifest, shownAs shown: String, files: [SourceFile] = [],
    stream: consuming OpenFile? = nil, memory: [UInt8]? = nil
  ) {
    self.manifest = manifest
    shownName = shown
    self.files = FileSequence(files)
    self.stream = stream
    self.memory = memory
  }

  /// The list of what is one file made in this moment.
  private static func single(
    _ content: Manifest.Content, name: String, size: UInt64?
  ) throws(ClientFailure) -> Manifest {
    do throws(ManifestFault) {
      guard let path = EntryPath(name) else { throw .malformed }
      let entry = TransferEntry(
        path: path, kind: .file(size: size), permissions: 0o666, modified: SystemClock.now)
      return try Manifest(content, [entry])
    } catch {
      throw ClientFailure(.fileFailure, "This cannot be sent: \(error).")
    }
  }

  private static func quoted(_ name: String) -> String { "\"\(SafeText(name, limit: 255))\"" }

  private static func shown(_ manifest: Manifest) -> String {
    let top = manifest.topLevel
    guard top.count == 1, let only = top.first else { return "\(top.count) things" }
    return quoted(only.path.name)
  }

  // MARK: Reading

  /// Fills `buffer`, and returns how many bytes that took: fewer than it holds only at the end.
  mutating func read(into buffer: inout MutableRawSpan) throws(SourceFailure) -> Int {
    if let memory {
      let piece = [UInt8](memory.dropFirst(Int(readCount)).prefix(buffer.byteCount))
      buffer.write(piece.bytes, at: 0)
      readCount += UInt64(piece.count)
      return piece.count
    }
    return manifest.content == .stream
      ? try readStream(into: &buffer) : try files.read(into: &buffer)
  }

  private mutating func readStream(
    into buffer: inout MutableRawSpan
  ) throws(SourceFailure) -> Int {
    do throws(FileFailure) {
      switch stream {
      case .some(let file):
        let count = try file.read(into: &buffer)
        readCount += UInt64(count)
        return count
      case .none: return 0
      }
    } catch {
      throw SourceFailure(description: "\(error).")
    }
  }

  /// SHA-256 of the first `count` bytes of content; for files.
  mutating func hash(first count: UInt64) throws(SourceFailure) -> [UInt8] {
    guard let memory else { return try files.hash(first: count) }
    return SHA256.hash(memory.bytes.extracting(first: Int(clamping: count)))
  }

  /// Goes on at an offset of the content; for files, and 0 for a stream.
  mutating func seek(to offset: UInt64) throws(SourceFailure) {
    guard memory == nil else {
      readCount = offset
      return
    }
    try files.seek(to: offset)
  }

  /// Whether another try would find all of the content: what has come out of a pipe is gone.
  var canStartAgain: Bool { manifest.content != .stream || readCount == 0 }
}
