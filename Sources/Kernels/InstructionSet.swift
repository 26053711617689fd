import CKernels
import Glibc

/// What the kernels may use of the processor. All sets give the same results, bit for bit.
public struct InstructionSet: Sendable {
  /// `portable`, `avx2` or `avx512`; what `TARE_SIMD` takes.
  public let name: String
  /// nil where all kernels are the ones in Swift.
  let kernels: Kernels?
  /// nil as `kernels`.
  let statistics: tare_statistics?

  /// The C functions of a set; nil entries are those that Swift does as well.
  typealias Kernels = tare_kernels

  /// The kernels in Swift: the reference for the others.
  public static let portable = InstructionSet(name: "portable", kernels: nil, statistics: nil)

  /// The sets that this processor has, the best last.
  public static let available: [InstructionSet] = {
    var sets = [portable]
    if let kernels = unsafe tare_kernels_avx2(), let statistics = unsafe tare_statistics_avx2() {
      sets.append(
        InstructionSet(name: "avx2", kernels: unsafe kernels.pointee, statistics: unsafe statistics.pointee))
    }
    if let kernels = unsafe tare_kernels_avx512(), let statistics = unsafe tare_statistics_avx512() {
      sets.append(
        InstructionSet(name: "avx512", kernels: unsafe kernels.pointee, statistics: unsafe statistics.pointee))
    }
    return sets
  }()

  /// The best set, or the one that the environment variable `TARE_SIMD` names, where the processor has it.
  public static let best: InstructionSet = {
    let wanted = unsafe getenv("TARE_SIMD").map { unsafe String(cString: $0) }
    return available.last { $0.name == wanted } ?? available.last ?? portable
  }()
}
