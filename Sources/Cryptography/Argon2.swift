internal import CArgon2
public import SecretMemory

/// The costs of one Argon2id computation (RFC 9106, section 3.1).
public struct Argon2Parameters: Hashable, Sendable {
  /// Passes over the memory, at least 1.
  public let iterations: UInt32
  /// Memory in KiB, at least 8 for each lane.
  public let memoryKiB: UInt32
  /// Lanes, each of which takes a thread; at least 1.
  public let parallelism: UInt32

  /// As they were told; whether they are acceptable is for the caller to judge.
  public init(iterations: UInt32, memoryKiB: UInt32, parallelism: UInt32) {
    self.iterations = iterations
    self.memoryKiB = memoryKiB
    self.parallelism = parallelism
  }

  /// For passphrases: the second recommended option (RFC 9106, section 4), 64 MiB.
  public static let passphrase = Argon2Parameters(
    iterations: 3, memoryKiB: 65536, parallelism: 4)
  /// For inputs that cannot be guessed anyway: the least the algorithm allows.
  public static let minimum = Argon2Parameters(iterations: 1, memoryKiB: 8, parallelism: 1)
}

/// Why there is no hash.
public enum Argon2Failure: Error {
  /// The costs or a length are outside of what RFC 9106 allows: the fault of whoever chose them.
  case parameters
  /// This machine lacks the memory or the threads.
  case resources
}

/// Argon2id, version 0x13 (RFC 9106), by the reference implementation, which erases its memory.
public enum Argon2 {
  /// `count` bytes derived from `password` at the cost of `parameters`.
  ///
  /// Whoever takes parameters from outside limits them first: there is no upper limit here.
  ///
  /// - Parameters:
  ///   - salt: at least 8 bytes; 16 are recommended.
  ///   - count: at least 4.
  public static func hash(
    _ password: RawSpan, salt: RawSpan, parameters: Argon2Parameters, count: Int
  ) throws(Argon2Failure) -> SecretBytes {
    var result: CInt = 0
    guard count > 0 else { throw .parameters }
    let hash = SecretBytes(count: count) { output in
      unsafe output.withAddress { output in
        unsafe password.withAddress { password, passwordCount in
          unsafe salt.withAddress { salt, saltCount in
            result = unsafe argon2id_hash_raw(
              parameters.iterations, parameters.memoryKiB, parameters.parallelism,
              password, passwordCount, salt, saltCount, output, count)
          }
        }
      }
    }
    switch result {
    case ARGON2_OK.rawValue: return hash
    case ARGON2_MEMORY_ALLOCATION_ERROR.rawValue, ARGON2_THREAD_FAIL.rawValue: throw .resources
    default: throw .parameters
    }
  }
}
