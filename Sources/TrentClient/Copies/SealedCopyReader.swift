internal import Cryptography
internal import DurableFiles
internal import FileTransfer
internal import KeyDistribution
internal import SecretMemory
public import Wire

/// What to open, and where to put it.
public struct OpenCopyOptions: Sendable {
  /// Whose copy it is.
  public var owner: PrincipalName
  /// What the copy is sealed under.
  public var secret: SecretSource
  /// The path of the copy.
  public var input: String
  /// Where the file goes.
  public var output: OutputTarget

  /// What has to be said.
  public init(
    owner: PrincipalName, secret: SecretSource, input: String, output: OutputTarget
  ) {
    self.owner = owner
    self.secret = secret
    self.input = input
    self.output = output
  }
}

/// Opens an encrypted copy off line, with the passphrase or key file of its day (PROTOCOL.md, 8).
public struct SealedCopyReader {
  private let options: OpenCopyOptions
  private let person: any Person

  /// Nothing is done before it runs.
  public init(_ options: OpenCopyOptions, person: any Person) {
    self.options = options
    self.person = person
  }

  /// A copy that was cut, edited, or belongs to somebody else puts nothing in its place.
  public func run() throws(ClientFailure) {
    try options.output.check()
    let input = try withFiles { () throws(FileFailure) in
      try OpenFile(reading: options.input)
    }
    let header = try readHeader(input)
    guard header.owner == options.owner else {
      throw ClientFailure(
        .authenticationRefused, "\(options.input) is \(header.owner)'s, not \(options.owner)'s.")
    }
    guard let chunkSize = ChunkSize(header.chunkByteCount) else { throw damaged }
    let fileKey = try fileKey(header)
    let output = try withFiles { () throws(FileFailure) in
      try AtomicFile(replacing: options.output.path, mode: 0o666, maskedByUmask: true)
    }
    let chunks = IncomingChunks(
      ChunkOpener(
        fileKey: fileKey, binding: header.binding.bytes, chunkSize: chunkSize,
        announcedSize: nil),
      content: IncomingContent(output), sizeLimit: nil)
    try copy(input, chunks, sealedByteCount: chunkSize.sealedByteCount)
  }

  private var damaged: ClientFailure {
    ClientFailure(
      .transferBroken,
      "\(options.input) is damaged, cut short, or no encrypted copy. Nothing was kept.")
  }

  private func readHeader(_ input: borrowing OpenFile) throws(ClientFailure) -> SealedCopyHeader {
    var bytes = [UInt8](repeating: 0, count: SealedCopyHeader.byteCount)
    let count = try read(input, &bytes)
    guard count == bytes.count else { throw damaged }
    do { return try SealedCopyHeader(bytes.bytes) } catch { throw damaged }
  }

  private func fileKey(_ header: SealedCopyHeader) throws(ClientFailure) -> SecretBytes {
    let secret = try secret(for: header)
    do {
      return try header.open(with: secret)
    } catch {
      throw ClientFailure(
        .authenticationRefused,
        "This is not the \(header.derivation == .key ? "key" : "passphrase") that "
          + "\(options.input) was sealed with, or its first \(SealedCopyHeader.byteCount) bytes "
          + "are damaged.")
    }
  }

  private func secret(for header: SealedCopyHeader) throws(ClientFailure) -> AccountSecret {
    switch (header.derivation, options.secret) {
    case (.passphrase(let parameters), .passphrase(let source)):
      let passphrase = try source.read(for: options.owner, person)
      do {
        return try AccountSecret(
          passphrase: passphrase, parameters: parameters, salt: header.salt)
      } catch {
        throw damaged
      }
    case (.key, .keyFile(let path)):
      let key = try KeyFile(path: path).read(person)
      let owner = KeyFileOwner(key, path: path)
      try owner.check(isNamed: options.owner)
      try owner.check(isInRealm: header.realmID)
      return key.secret(salt: header.salt)
    case (.passphrase, .keyFile):
      throw ClientFailure(
        .usage, "\(options.input) was sealed under a passphrase. Open it without --key-file.")
    case (.key, .passphrase):
      throw ClientFailure(
        .usage, "\(options.input) was sealed under a key file. Pass it with --key-file.")
    }
  }

  /// Reads one chunk ahead: the one that nothing follows is the last.
  private func copy(
    _ input: borrowing OpenFile, _ chunks: consuming IncomingChunks, sealedByteCount: Int
  ) throws(ClientFailure) {
    var next = [UInt8](repeating: 0, count: sealedByteCount)
    var count = try read(input, &next)
    do {
      while true {
        swap(&chunks.buffer, &next)
        let following = count == sealedByteCount ? try read(input, &next) : 0
        try chunks.take(count, isLast: following == 0)
        if following == 0 { break }
        count = following
      }
      let byteCount = chunks.byteCount
      _ = try chunks.finish()
      person.say("opened \(options.input) (\(byteCount.inBytes))")
    } catch let error as FileFailure {
      throw ClientFailure(error)
    } catch let error as ClientFailure {
      throw error
    } catch {
      throw damaged
    }
  }

  private func read(
    _ input: borrowing OpenFile, _ buffer: inout [UInt8]
  ) throws(ClientFailure) -> Int {
    do {
      var elements = buffer.mutableSpan
      var bytes = unsafe elements.mutableBytes
      return try input.read(into: &bytes)
    } catch {
      throw ClientFailure(error)
    }
  }
}
