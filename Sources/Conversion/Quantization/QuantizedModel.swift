public import Containers

/// A model whose tensors are quantised as a plan says.
public typealias QuantizedModel = RewrittenModel<QuantizationPlan>

extension RewrittenModel<QuantizationPlan> {
  /// - Precondition: `plan` was made for `base`.
  public convenience init(_ base: any ContainerReader, _ plan: QuantizationPlan) {
    self.init(base, plan, rules: plan.rules)
  }
}
