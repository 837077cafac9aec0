/// Who may register.
public enum RegistrationPolicy: String, Hashable, Sendable, CaseIterable {
  /// Anybody, any name that is free.
  case open
  /// Who has an invitation of the operator.
  case invite
  /// Nobody but users whom the operator has reset, each with its invitation.
  case closed
}
