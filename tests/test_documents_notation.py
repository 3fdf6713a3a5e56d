"""Notation of papers: pages of statements, right ones and spoilt ones, each with its status."""

import re

import pytest

import matcalc

PAGES = {  # the declarations, and statements, each with its status
    "names with a moved index and an offset": r"""
P_{t|t-1}: n x n spd; H: m x n; R: m x m spd; x_{t+1} x_{t|t-1}: n; x: n; w: n; F: n x n
S_t = H P_{t|t-1} H^\top + R                                                            definition
K_t = P_{t|t-1} H^\top S_t^{-1}                                                         definition
P_{t|t} = (I - K_t H) P_{t|t-1}                                                         definition
P_{t|t}^{-1} = P_{t|t-1}^{-1} + H^\top R^{-1} H                                         right
P_{t|t}^{-1} = P_{t|t-1}^{-1} - H^\top R^{-1} H                                         wrong
\nabla_{x_{t+1}} \|x_{t+1} - F x\|^2 = 2(x_{t+1} - Fx)                                  right
\nabla_{x_{t+1}} \|x_{t+1} - F x\|^2 = 2(x - Fx_{t+1})                                  wrong
P_{t+1} = F P_{t|t} F^\top                                                              definition
\operatorname{tr} P_{t+1} = \operatorname{tr}(F^\top F P_{t|t})                         right
\operatorname{tr} P_{t+1} = \operatorname{tr}(F F^\top P_{t|t})                         wrong
f = w_0 + w^\top x                                                                      definition
\nabla_w f = x                                                                          right
\nabla_w f = w                                                                          wrong
\nabla_x f^2 = 2(w_0 + w^\top x) w                                                      right
\nabla_x f^2 = 2(w^\top x) w                                                            wrong""",
    "vectors and matrices given by their entries": r"""
z: n; c: n; X: n x d; w: d; y: n; T: n x n; x: n; s: positive
p_i = \frac{e^{z_i}}{\sum_{j}e^{z_j}}                                                   definition
\frac{\partial p_i}{\partial z_j} = p_i(\delta_{ij} - p_j)                              right
\frac{\partial p_i}{\partial z_j} = p_j(\delta_{ij} - p_j)                              wrong
\sum_i p_i = 1                                                                          right
\sum_i p_i = 2                                                                          wrong
\frac{\partial \log p_k}{\partial z_i} = \delta_{ik} - p_i                              right
\frac{\partial p}{\partial z} = \operatorname{diag}(p) - pp^\top                        right
\frac{\partial p}{\partial z} = \operatorname{diag}(p) + pp^\top                        wrong
\nabla_z\bigl(c^\top p\bigr) = p\odot c - (p^\top c)p                                   right
\nabla_z\bigl(c^\top p\bigr) = p\odot c - (p^\top c)c                                   wrong
\mathbf 1^\top p = 1                                                                    right
p^\top \mathbf 1 = 1                                                                    right
\mathbf 1^\top p = 2                                                                    wrong
p = \operatorname{softmax}(z)                                                           right
r_i = y_i - \sum_j X_{ij} w_j                                                           definition
L = \sum_i r_i^2                                                                        definition
\nabla_w L = -2X^\top(y - Xw)                                                           right
\nabla_w L = 2X^\top(y - Xw)                                                            wrong
K_{ij} = e^{-(z_i - z_j)^2}                                                             definition
K = K^\top                                                                              right
\operatorname{tr} K = n                                                                 right
\operatorname{tr} K = 2 n                                                               wrong
\frac{\partial}{\partial z_k} K_{ij} = -2 (z_i - z_j)(\delta_{ik} - \delta_{jk}) K_{ij} right
\frac{\partial}{\partial z_k} K_{ij} = 2 (z_i - z_j)(\delta_{ik} - \delta_{jk}) K_{ij}  wrong
q_i = z_i^2                                                                             definition
\mathbf 1 - q = \mathbf 1 - z \odot z                                                   right
1 - q = 1 - z \odot z                                                                   right
1 - q = 1 - z                                                                           wrong
q_i = z_i                                                                               wrong""",
    "an elementwise product takes the factors that fit": r"""
W: k x d; x: d; t: k; a: k; b: k; c: k
E = \frac12 \|\tanh(Wx) - t\|^2                                                         definition
h = \tanh(Wx)                                                                           definition
\frac{\partial E}{\partial W} = (h - t) \odot (1 - h \odot h)\, x^\top                  right
\frac{\partial E}{\partial W} = (h - t) \odot h\, x^\top                                wrong
\frac{\partial E}{\partial x} = W^\top (h - t) \odot (1 - h \odot h)                    right
\frac{\partial E}{\partial x} = W^\top (h - t) \odot (1 + h \odot h)                    wrong
a \odot b x^\top W^\top = \operatorname{diag}(a) b x^\top W^\top                        right
\frac{\partial E}{\partial W} = x (h - t)^\top                                          wrong
q_i = h_i^2                                                                             definition""",
    "functions written out later, norms with a weight, values in a condition": r"""
S: n x n spd; x: n; y: n; A: n x n; Q: k x n; b: n; z: k; w: n; B: n x n spd; s: positive
p = \sigma(Q x)                                                                         definition
p = \operatorname{sigmoid}(Q x)                                                         right
\sigma(a) = \frac{1}{1 + e^{-a}}                                                        definition
\frac{\partial p}{\partial x} = \operatorname{diag}(p \odot (1 - p)) Q                  right
\frac{\partial p}{\partial x} = \operatorname{diag}(p \odot (1 + p)) Q                  wrong
\|x\|_S^2 = x^\top S x                                                                  right
\nabla_x \|x - y\|_S^2 = 2 S (x - y)                                                    right
\nabla_x \|x - y\|_S^2 = S (x - y)                                                      wrong
\|x\|_S = \sqrt{x^\top S x}                                                             right
\rho(x) = \tanh(Q x)                                                                    definition
F(x) = \tfrac12 \| \rho(x) \|^2                                                         definition
\nabla F = \sum_{i=1}^{k} \rho_i \nabla \rho_i                                          right
\nabla F = 2 \sum_{i=1}^{k} \rho_i \nabla \rho_i                                        wrong
\nabla_x \left( x^\top B x - 2 b^\top x \right) = 0 \quad\text{for } x = B^{-1} b       right, not a claim
\nabla_x \left( x^\top B x - 2 b^\top x \right) = 0 \quad\text{at } x = B b             wrong, not a claim
x^\top A y = x^\top A^\top x \quad\text{for } x = y                                     right, not a claim
x^\top A y = x^\top A^\top x + 1 \quad\text{for } y = x                                 wrong, not a claim""",
    "a norm weighted by an inverse": r"""
S: n x n spd; x: n; y: n
\|x - y\|_S^2 = (x - y)^\top S^{-1} (x - y)                                             undecided
\nabla_x \|x - y\|_S^2 = 2 S^{-1} (x - y)                                               right
\nabla_x \|x - y\|_S^2 = S^{-1} (x - y)                                                 wrong""",
    "names with the letters of constants and of differentials": r"""
theta: n; a: n; m_1 m_2: n; S: n x n spd; y: m; A: m x n; w: n; epsilon: m; s: positive
\pi_i = \frac{e^{\theta_i}}{\sum_j e^{\theta_j}}                                        definition
\sum_i \pi_i = 1                                                                        right
\log 2\pi = \log(2) + \log(\sum_i \pi_i)                                                wrong
\log 4\pi = \log 2 + \log 2\pi                                                          right
\sum_i \pi_i = \pi                                                                      not read
\nabla_\theta \left( a^\top \pi \right) = \pi \odot a - (a^\top \pi) \pi                right
\nabla_\theta \left( a^\top \pi \right) = \pi \odot a - (a^\top \pi) a                  wrong
\mathcal I = \operatorname{diag}(\pi) - \pi\pi^\top                                     definition
\nabla_\theta^2 \log \sum_j e^{\theta_j} = \mathcal I                                   right
\nabla_\theta^2 \log \sum_j e^{\theta_j} = \mathcal I + \pi\pi^\top                     wrong
\mathcal I I = \mathcal I                                                               not read
\mathcal I = I                                                                          not read
d = m_2 - m_1                                                                           definition
\frac{\partial}{\partial S} d^\top S d = d d^\top                                       convention-dependent
\frac{\partial}{\partial a} (a - m_1)^\top dd^\top a = dd^\top (2 a - m_1)              right
\frac{\partial}{\partial a} (a - m_1)^\top dd^\top a = dd^\top (a - m_1)                wrong
y - A w = \epsilon                                                                      not a claim
\nabla_w \frac{1}{2s} \|y - Aw\|^2 = -\frac1s A^\top \epsilon                           undecided
\nabla_w^2 \sum_i e^{a_i w_i} + I = \operatorname{diag}(a \odot a \odot e^{a \odot w}) + I right
\nabla_w^2 \sum_i e^{a_i w_i} + s I = \operatorname{diag}(a \odot a \odot e^{a \odot w}) + I wrong""",
    "a vector that is called pi": r"""
r: positive; theta: n
\pi = \operatorname{softmax}(\theta)                                                    definition
\frac{\partial \pi}{\partial \theta} = \operatorname{diag}(\pi) - \pi\pi^\top           right
\frac{\partial \pi}{\partial \theta} = \operatorname{diag}(\pi) + \pi\pi^\top           wrong""",
    "the number pi": r"""
r: positive; A: n x n
V = \pi r^2                                                                             definition
\frac{\partial V}{\partial r} = 2 \pi r                                                 right
\pi = 3                                                                                 wrong""",
    "bold letters that are not the plain ones": r"""
K: n x n spd; s: positive; y: n; w: d; X: n x d
\mathbf{K} = K + sI                                                                     definition
\frac{\partial}{\partial s}\log\det\mathbf{K} = \operatorname{tr}(\mathbf{K}^{-1})      right
\frac{\partial}{\partial s}\log\det\mathbf{K} = \operatorname{tr}(K^{-1})               wrong
\frac{\partial}{\partial s}\log\det\mathbf{K} = 0                                       not a claim
\frac{\partial}{\partial s}\log\det K = 0                                               right
{\bf K} - K = s I                                                                       right
\bm K - K = I                                                                           wrong
y = \mathbf{X} \mathbf{w}                                                               not a claim
\nabla_w \|y - Xw\|^2 = -2 \mathbf{X}^\top (y - X \mathbf{w})                           right
\mathbf{K y} = K y                                                                      not read""",
    "differentials of what has been given a name": r"""
Q: T x d; K: T x d; V: T x d; G: T x d; R: n x n spd; y: n; w: n; H: n x n; \alpha: scalar; Z: n x n
S = QK^T                                                                                definition
O = SV                                                                                  definition
dO = dS V + S dV                                                                        right
dO = dS V - S dV                                                                        wrong
\mathrm{d}O = \mathrm{d}S\,V + S\,\mathrm{d}V                                           right
dS = dQ K^T + Q dK^T                                                                    right
dS = dQ K^T + Q dQ^T                                                                    wrong
d\operatorname{tr}(S^TS) = 2\operatorname{tr}(S^T dS)                                   right
d\operatorname{tr}(S^TS) = \operatorname{tr}(S^T dS)                                    wrong
\operatorname{tr}(G^T dS V) = \operatorname{tr}(dS^T G V^T)                             right
\operatorname{tr}(G^T dS V) = \operatorname{tr}(dS G V^T)                               wrong
\operatorname{tr}(G^T dO) = \operatorname{tr}(G^T dS V) + \operatorname{tr}(G^TS dV)    right
\operatorname{tr}(VG^TdS) = \operatorname{tr}(VG^TdQK^T) + \operatorname{tr}(VG^TQdK^T) right
\operatorname{tr}(VG^TdS) = \operatorname{tr}(VG^TdQK^T) + \operatorname{tr}(VG^TKdQ^T) wrong
\ell = y^TR^{-1}y                                                                       definition
d\ell = -y^TR^{-1}dR R^{-1}y                                                            right
d\ell = y^TR^{-1}dR R^{-1}y                                                             wrong
\mathrm{d}\ell = 2y^TR^{-1}\mathrm{d}y                                                  right
\mathrm{d}\ell = 2y^TR\,\mathrm{d}y                                                     wrong
r = y - Hw                                                                              definition
\mathrm{d}r = -H\,\mathrm{d}w                                                           right
\mathrm{d}r = -H^T\,\mathrm{d}w                                                         wrong
d(r^Tr) = 2r^Tdr = -2r^TH dw                                                            right, right
d(r^Tr) = 2r^Tdr = -2r^TH^T dw                                                          right, wrong
d(r^TRr) = 2r^TR dr + r^T dR r                                                          right
2r^TR dr = -2r^TR dH w                                                                  right
2r^TR dr = -2r^TR dH r                                                                  wrong
d^2\ell = 2 dr^T dr                                                                     not read
f(w) = w^TRw                                                                            definition
df = 2w^TRdw                                                                            right
df = w^TRdw                                                                             wrong
\Psi = e^\alpha Z                                                                       definition
d\Psi = e^\alpha dZ + \Psi d\alpha                                                      right
d\Psi = e^\alpha dZ - \Psi d\alpha                                                      wrong
d\Psi^{-1} = -\Psi^{-1}d\Psi\Psi^{-1}                                                   right
d\Psi^{-1} = -\Psi^{-1}d\Psi\Psi                                                        wrong
d\log\det\Psi = \operatorname{tr}(\Psi^{-1}d\Psi)                                       right
dw = Ry                                                                                 definition""",
    "vectors and numbers for each index": r"""
\mathbf{x}_i: d; r_i: scalar; \pi_k: positive; \mu_k: d; S_k: d x d spd; w: d; y: N
\bar x = \frac1N\sum_{i=1}^N x_i                                                        definition
\sum_{i=1}^N x_ix_i^T = N\bar x\bar x^T                                                 wrong
\sum_{i=1}^N (x_i - \bar x)(x_i - \bar x)^T = \sum_{i=1}^N x_ix_i^T - N\bar x\bar x^T   right
\sum_{i=1}^N r_ix_i = \bar x\sum_{i=1}^N r_i                                            wrong
\sum_{i=1}^N r_ix_i = N r_i x_i                                                         wrong
\prod_{i=1}^N r_i = r_i^N                                                               wrong
\sum_{k=1}^K \pi_k\mu_k = \sum_{j=1}^K\pi_j\mu_j                                        right
\frac{\partial}{\partial\mu_j}\sum_{k=1}^K \pi_k\mu_k^T\mu_k = 2\pi_j\mu_j              right
\frac{\partial}{\partial\mu_j}\sum_{k=1}^K \pi_k\mu_k^T\mu_k = 2K\pi_j\mu_j             wrong
\frac{\partial}{\partial\mu_j}\sum_{k=1}^K \pi_k\mu_k^T\mu_k = 2\pi_j\mu_1              wrong
\frac{\partial}{\partial\pi_j}\sum_{k=1}^K \pi_k\log\pi_k = 1 + \log\pi_j               right
\frac{\partial}{\partial\pi_j}\sum_{k=1}^K \pi_k\log\pi_k = \log\pi_j                   wrong
\log(2\pi\pi_j) = \log 2\pi + \log\pi_j                                                 right
\sum_{k=1}^K S_k = K S_k                                                                not read
r_i = y_i - x_i^Tw                                                                      not a claim
\frac{\partial}{\partial w}\sum_{i=1}^N r_i^2 = -2\sum_{i=1}^N r_ix_i                   undecided
\frac{\partial}{\partial w}\sum_{i=1}^N r_i^2 = 2\sum_{i=1}^N r_ix_i                    wrong""",
    "columns of a declared matrix": r"""
M: d x K; S: d x d symmetric; a: d; \pi: K; t: K
\frac{\partial}{\partial M_j}\sum_{k=1}^K M_k^TM_k = 2M_j                               right
\frac{\partial}{\partial M_j}\sum_{k=1}^K M_k^TM_k = M_j                                wrong
\frac{\partial}{\partial M_j} a^TM_j = a                                                right
\frac{\partial}{\partial M_j} a^TM_k = \delta_{jk} a                                    right
\frac{\partial}{\partial M_j} a^TM_k = a                                                wrong
\frac{\partial}{\partial S_j}\operatorname{tr}(S) + \sum_k t_k = 1                      not read
\frac{\partial}{\partial\pi_j}\sum_{k=1}^K t_k\pi_k = t_j                               right
\frac{\partial}{\partial\pi_j}\sum_{k=1}^K t_k\pi_k = \pi_j                             wrong""",
    "what is said of entries of what is declared": r"""
z: K; p: K; B: K x K; C: K x K; x: n; q: n; A: n x n
p_k = \frac{e^{z_k}}{\sum_{j=1}^K e^{z_j}}                                              not a claim
\frac{\partial p_k}{\partial z_j} = p_k(\delta_{kj} - p_j)                              undecided
\frac{\partial p_k}{\partial z_j} = p_k(\delta_{kj} + p_j)                              wrong
B_{ij} = z_iz_j                                                                         not a claim
C_{ij} = C_{ji}                                                                         wrong
q = Ax                                                                                  not a claim
\frac{\partial q}{\partial x} = A                                                       undecided
\frac{\partial q}{\partial x} = 2A                                                      wrong""",
    "a norm weighted by a written inverse, and other spellings": r"""
A: n x n spd; x: n; y: n; \Pi: n x n symmetric; W: m x n; v: m
\|x\|^2_A = x^TAx                                                                       right
\|x - y\|_{A^{-1}}^2 = (x-y)^TA^{-1}(x-y)                                               right
\lVert x - y\rVert^2_{A^{-1}} = (x-y)^TA^{-1}(x-y)                                      right
\lVert x - y\rVert^2_{A^{-1}} = (x-y)^TA(x-y)                                           wrong
\nabla_x \|x - y\|^2_{A^{-1}} = 2A^{-1}(x-y)                                            right
\nabla_x \|x - y\|^2_{A^{-1}} = A^{-1}(x-y)                                             wrong
x_{A^{-1}} = x                                                                          not read
\nabla_x x^T\Pi x = 2\Pi x                                                              right
\nabla_x x^T\Pi x = \Pi x                                                               wrong
\nabla_x v^T\mathrm{ReLU}(Wx) = W^T(v \odot \operatorname{sgn}(\mathrm{ReLU}(Wx)))      right
\nabla_x v^T\mathrm{ReLU}(Wx) = W^Tv                                                    wrong""",
    "a name that is given by its square": r"""
z: n; a: n; A: n x n; s: scalar
\mu = \frac1n\mathbf 1^\top z                                                           definition
\sigma^2 = \frac1n\|z - \mu\mathbf 1\|^2                                                definition
\sigma = \sqrt{\frac1n z^\top z - \mu^2}                                                right
\frac{\partial\sigma^2}{\partial z} = \frac2n(z - \mu\mathbf 1)                         right
\frac{\partial\sigma^2}{\partial z} = \frac1n(z - \mu\mathbf 1)                         wrong
\tau^2 = \frac1n\sum_{i=1}^n z_i^2                                                      definition
\frac{\partial\tau^2}{\partial z} = \frac2n z                                           right
\frac{\partial\tau}{\partial z} = \frac{z}{n\tau}                                       right
\frac{\partial\tau}{\partial z} = \frac{z}{\tau}                                        wrong
s^2 = z^\top z                                                                          wrong
B^2 = A                                                                                 not read
A^2 = A                                                                                 wrong
\sigma = \sqrt{\frac1n z^\top z + \mu^2}                                                undecided""",
    "a gradient that is given as a row": r"""
x: n; a: n; B: m x n; v: m
\frac{\partial}{\partial x} \sum_i x_i^2 = 2 x^\top                                     convention-dependent
\frac{\partial}{\partial x} \sum_i x_i^2 = 2 x                                          right
\frac{\partial}{\partial x} \sum_i x_i^2 = x^\top                                       wrong
\frac{\partial}{\partial B} \sum_i v_i (B x)_i = x v^\top                               wrong
\frac{\partial}{\partial B} \sum_i v_i (B x)_i = v x^\top                               right""",
}


STATUSES = r"(?:right|wrong|definition|not a claim|undecided|not read|convention-dependent)"


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_of_statements(page, tmp_path):
    let, *rows = page.strip().splitlines()
    expected = [tuple(re.split(rf"(?<![,\s])\s+(?={STATUSES}(?:, {STATUSES})*$)", row)) for row in rows]
    path = tmp_path / "page.tex"
    path.write_text(f"% let {let}\n" + "".join(f"\\[ {formula} \\]\n" for formula, _ in expected), encoding="utf-8")
    found = matcalc.proofread(path).steps
    lines = [", ".join(s.status for s in found if s.line == k) for k in range(2, len(rows) + 2)]
    assert [(formula, status) for (formula, _), status in zip(expected, lines, strict=True)] == expected
