"""What is stated of the Gaussian in the note and in the literature, one file a topic: `RECORDS` of every file."""

from gaussian.identities import cholesky, covariance, density, expectations, information, mean, scores
from matcalc.catalogue import gather

TOPICS = (density, mean, covariance, cholesky, information, scores, expectations)
CATALOGUE = gather({topic.__name__: topic.RECORDS for topic in TOPICS})
