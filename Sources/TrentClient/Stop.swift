/// Tells those who wait for something that they shall end.
protocol Stop {
  /// Becomes readable then.
  var descriptor: Int32 { get }

  /// Throws the interruption if it is time to end.
  func check() throws(ClientFailure)
}

extension SignalWatch: Stop {}
