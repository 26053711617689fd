import Glibc
import Kernels

/// How far quantised weights are from what they were.
public struct QuantizationError: Hashable, Sendable {
  /// Σ w².
  private var signal = 0.0
  /// Σ (w − w')².
  private var noise = 0.0

  public init() {}

  /// - Parameter errors: of the weights before, as A, and after.
  init(_ errors: ElementErrors) {
    signal = errors.energyOfA
    noise = errors.noise
  }

  /// Adds that of other elements. The sums depend on the order of the additions.
  public mutating func add(_ other: QuantizationError) {
    signal += other.signal
    noise += other.noise
  }

  /// Of the change, by the Frobenius norm: ‖w − w'‖ / ‖w‖; 0 where nothing changed, NaN where that is not a number.
  public var relative: Double { noise == 0 ? 0 : (noise / signal).squareRoot() }

  /// 10 log10(Σ w² / Σ (w − w')²), in decibels; infinite where nothing changed.
  public var sqnr: Double { noise == 0 ? .infinity : 10 * log10(signal / noise) }
}
