internal import DurableFiles
internal import Glibc
public import SecretMemory
internal import Transport
internal import Wire

/// The person at the terminal.
///
/// Questions and answers go through `/dev/tty`, so that standard input and output stay free for
/// data. What is said goes to standard error, one line at a time. A passphrase is typed without
/// echo; whatever ends the program meanwhile, the terminal echoes again.
public struct Terminal: Person, Sendable {
  private static let path = "/dev/tty"
  private static let answerLimit = 1024

  private let explains: Bool
  private let isQuiet: Bool

  /// - Parameters:
  ///   - explains: whether to say details, too.
  ///   - isQuiet: whether to say nothing at all, and only ask.
  public init(explains: Bool, isQuiet: Bool = false) {
    self.explains = explains
    self.isQuiet = isQuiet
  }

  public var isPresent: Bool {
    let descriptor = unsafe open(Self.path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    close(descriptor)
    return true
  }

  public func say(_ line: String) {
    if !isQuiet { StatusLine.shared.say(line + "\n") }
  }

  public func explain(_ detail: @autoclosure () -> String) {
    if explains { say(detail()) }
  }

  public func agrees(to question: String) throws(ClientFailure) -> Bool {
    let answer = try ask(question + " ", withEcho: true)
    let text = String(decoding: [UInt8](answer.bytes), as: UTF8.self).lowercased()
    return text == "y" || text == "yes"
  }

  public func passphrase(_ prompt: String) throws(ClientFailure) -> SecretBytes {
    try ask(prompt, withEcho: false)
  }

  private func ask(_ prompt: String, withEcho: Bool) throws(ClientFailure) -> SecretBytes {
    let descriptor = unsafe open(Self.path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw ClientFailure(.usage, "There is no terminal to ask \"\(prompt)\".")
    }
    defer { close(descriptor) }
    do throws(ClientFailure) {
      return try Self.readLine(from: descriptor, prompt, withEcho: withEcho)
    } catch {
      // With the echo back on, the signal may do what it always does.
      if error.exitCode > 128 { raise(error.exitCode - 128) }
      throw error
    }
  }

  private static func readLine(
    from descriptor: Int32, _ prompt: String, withEcho: Bool
  ) throws(ClientFailure) -> SecretBytes {
    let signals = try SignalWatch([SIGINT, SIGTERM, SIGHUP, SIGQUIT])
    var former = termios()
    unsafe tcgetattr(descriptor, &former)
    var present = former
    if !withEcho { present.c_lflag &= ~tcflag_t(ECHO) }
    // What was typed before the question is no answer to it.
    unsafe tcsetattr(descriptor, TCSAFLUSH, &present)
    defer {
      unsafe tcsetattr(descriptor, TCSAFLUSH, &former)
      // The person's own end of the line was not shown.
      if !withEcho { write("\n", to: descriptor) }
    }
    StatusLine.shared.pause()
    defer { StatusLine.shared.goOn() }
    write(prompt, to: descriptor)
    do {
      // A terminal is readable when there is a whole line.
      _ = try Polling.wait(
        for: [
          Polling.Interest(descriptor, .readable),
          Polling.Interest(signals.descriptor, .readable),
        ], until: .never)
    } catch {
      throw ClientFailure(.other, error.description)
    }
    try signals.check()
    let line = try withFiles { () throws(FileFailure) in
      try readSecretLine(from: descriptor, limit: answerLimit)
    }
    guard let line else { throw ClientFailure(.other, "There was no answer.") }
    return line
  }

  private static func write(_ text: String, to descriptor: Int32) {
    let bytes = [UInt8](text.utf8)
    unsafe bytes.withUnsafeBytes { bytes in
      _ = unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    }
  }
}
