"""Names of arrays, as people give them."""

import pytest

from minibp.adapters.array_names import kind_of, role_of, words_of
from minibp.adapters.held import parsed

W, B = "weights", "biases"
NAMES = {
    "parameter": [
        (".W1", W), (".w", W), (".weights[0]", W), (".params['W1']", W), (".layers[0].kernel", W), (".Theta[1]", W),
        (".syn0", W), (".w_ih", W), (".Who", W), (".weights_hidden_output", W), (".V", W), (".hidden_layer.weights", W),
        (".coefs_[0]", W), ("['W', 1]", W), (".fc1.weight.data", W), (".output_weights", W),
        (".b1", B), (".biases[0]", B), (".params['b1']", B), (".bias_hidden", B), (".b_o", B), (".bh", B),
        (".layers[0].intercept", B), (".biases['out']", B), (".thresholds", B),
    ],
    "gradient": [
        (".dW1", W), (".grads['dW1']", W), (".grads['W1']", W), (".grad_w", W), (".nabla_w[0]", W),
        (".layers[0].dweights", W),
        (".weights_gradient", W), (".dL_dW", W), (".dCdw", W), (".delta_weights", W), (".weight_update", W),
        (".d_hidden_weights", W), (".Theta1_grad", W), (".gradW", W), (".W.grad", W), (".wgrad", W), (".dWxh", W),
        (".cache['dW1']", W), (".dloss_dw2", W), (".dV", None),
        (".db1", B), (".grads['b1']", B), (".grad_b", B), (".nabla_b[1]", B), (".dbiases", B), (".bias_grads[0]", B),
        (".delta_b", B), (".grads[0]", None), (".params[0].grad", None),
    ],
    "memory": [
        (".m['W1']", W), (".v['dW1']", W), (".v[0]", None), (".velocity_W1", W), (".momentum[0]", None), (".vdW", W),
        (".mW1", W),
        (".sdb", None), (".weight_momentums", W), (".weight_cache", W), (".cache['W1']", W), (".prev_dW", W),
        (".best_weights", W),
        (".old_W", W), (".optimizer.state[0]", None), (".W_m", W),
    ],
    "delta": [(".deltas[0]", None), (".delta2", None), (".layers[0].delta", None)],
    "value": [
        (".z1", None), (".a[0]", None), (".activations[1]", None), (".layers[0].output", None), (".x", None),
        (".sizes", None),
        (".cache['A1']", None), (".hidden", None), (".errors", None),
    ],
    "unknown": [
        ("[0][1]", None), (".params[0]", None), (".ah", None), (".gamma", None), (".v", None), (".bn1.gamma", None),
        (".gradient_descent[0]", None),
    ],
}  # fmt: skip
CASES = [(kind, name, role) for kind, names in NAMES.items() for name, role in names]


@pytest.mark.parametrize(("kind", "name", "role"), CASES, ids=[name for _, name, _ in CASES])
def test_a_name_says_the_kind_and_the_role(kind, name, role):
    path = parsed("name", name)
    assert (kind_of(path), role_of(path)) == (kind, role)


def test_words_are_split_at_capitals_underscores_and_numbers():
    assert words_of("hiddenWeights2_out") == ["hidden", "weights", "out"]
    assert words_of("dLdW1") == ["d", "ld", "w"]
    assert words_of("123") == []
