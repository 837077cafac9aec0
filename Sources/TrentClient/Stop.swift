/// Tells those who wait for something that they shall end.
protocol Stop {
  /// Becomes readable then.
  var descriptor: Int32 { get }

  /// Throws the interruption if it is time to end.
  func check() throws(ClientFailure)
}

extension SignalWatch: Stop {}

/// For who is ended by the system alone.
struct NoStop: Stop {
  let descriptor: Int32 = -1
  func check() {}
}
